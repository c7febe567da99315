import type { Clock } from "../../../core/clock.ts"
import type { Json } from "../../../core/json.ts"
import { type DemoValue, deletedSecret, demoParameters, demoPolicy, demoSecrets } from "./demo.ts"
import { parameterStoreOperations } from "./parameter-store.ts"
import { AwsError, type Call } from "./protocol.ts"
import { secretsManagerOperations } from "./secrets-manager.ts"
import {
  type AccessKey,
  type AwsState,
  account,
  newUser,
  otherAccount,
  type Policy,
  type Role,
  randomText,
} from "./state.ts"

/** The accounts' administrator: acts without signatures, uncounted and without faults. */
export interface AwsAdmin {
  /** Who may do anything in the account of the secrets, for those who come by the door. */
  readonly accessKey: AccessKey
  /** Any operation of Secrets Manager or Parameter Store. @throws AwsError */
  call(operation: string, input: { [key: string]: Json }): { [key: string]: unknown }
  /** Writes a secret, or a new version of it; text, or bytes as base64. */
  put(name: string, value: string | DemoValue): void
  /** Makes a user with one access key; in the account of the secrets unless it is another's. */
  createUser(name: string, policy: Policy, ofAccount?: string): AccessKey & { arn: string }
  /** Lets someone of another account, by keys that are known already, assume roles and nothing else. */
  letAssume(key: AccessKey, name: string): void
  /** Makes a role in the account of the secrets. Gives its ARN. */
  createRole(name: string, role: Pick<Role, "trusts" | "externalId" | "policy">): string
  /** Ends what assumed roles sign with: their keys are from then on expired. */
  endSessions(): void
  /**
   * Gives the demo's secrets and parameters new values, or one of them; `value` says which, and then any name will do: it is
   * a secret's where no parameter has it.
   */
  rotate(name?: string, value?: string): string[]
}

export function createAdmin({
  state,
  clock,
  region,
}: {
  state: AwsState
  clock: Clock
  region: string
}): AwsAdmin {
  function call(operation: string, input: { [key: string]: Json }) {
    const user = state.users.get(state.admin.accessKeyId)
    const perform = { ...secretsManagerOperations, ...parameterStoreOperations }[operation]
    if (!user || !perform) throw new AwsError("UnknownOperationException", "")
    const caller: Call["caller"] = { arn: user.arn, id: user.id, account, policies: [user.policy] }
    return perform({ state, clock, caller, region, input, fault: {} })
  }

  function put(name: string, value: string | DemoValue): void {
    const written = typeof value === "string" ? { string: value } : value
    const field: { [key: string]: Json } =
      "string" in written ? { SecretString: written.string } : { SecretBinary: written.binary }
    if (state.secrets.has(`${account}/${region}/${name}`))
      call("PutSecretValue", { SecretId: name, ...field })
    else call("CreateSecret", { Name: name, ...field })
  }

  function putParameter(name: string, value: string): void {
    call("PutParameter", { Name: name, Value: value, Type: "SecureString", Overwrite: true })
  }

  return {
    accessKey: state.admin,
    call,
    put,
    createUser: (name, policy, ofAccount) => {
      const user = newUser(name, policy, ofAccount)
      state.users.set(user.accessKeyId, user)
      return { accessKeyId: user.accessKeyId, secretAccessKey: user.secretAccessKey, arn: user.arn }
    },
    letAssume: (key, name) => {
      state.users.set(key.accessKeyId, { ...newUser(name, mayAssume, otherAccount), ...key })
    },
    createRole: (name, role) => {
      const arn = `arn:aws:iam::${account}:role/${name}`
      state.roles.set(arn, { ...role, arn, id: `AROA${randomText(17)}` })
      return arn
    },
    endSessions: () => {
      for (const session of state.sessions.values())
        session.expiresAt = Math.min(session.expiresAt, clock.now())
    },
    rotate: (name, value) => {
      if (name !== undefined && value !== undefined) {
        if (state.parameters.has(`${account}/${region}/${name}`)) putParameter(name, value)
        else put(name, value)
        return [name]
      }
      const isMeant = ([one]: readonly [string, unknown]) => name === undefined || one === name
      const secrets = [...demoSecrets()].filter(isMeant)
      const parameters = [...demoParameters()].filter(isMeant)
      if (secrets.length + parameters.length === 0) {
        throw new AwsError("NotFound", `${name} is not of the demo: give its new "value" as well`, 404)
      }
      for (const [one, written] of secrets) put(one, written)
      for (const [one, written] of parameters) putParameter(one, written)
      return [...secrets, ...parameters].map(([one]) => one)
    },
  }
}

/** The user of a new sandbox, and its secrets where they are wanted. Gives what a connection needs. */
export function furnish(admin: AwsAdmin, withSecrets: boolean): AccessKey {
  if (withSecrets) {
    admin.rotate()
    admin.rotate("prod/stripe") // so that there is a version before
    admin.put(deletedSecret, "was here")
    admin.call("DeleteSecret", { SecretId: deletedSecret })
  }
  const { accessKeyId, secretAccessKey } = admin.createUser("latchkey", demoPolicy)
  return { accessKeyId, secretAccessKey }
}

/** A user in another account, as Latchkey itself is to its tenants; it may assume roles and nothing else. */
export function createLatchkey(admin: AwsAdmin): AccessKey & { arn: string } {
  return admin.createUser("latchkey", mayAssume, otherAccount)
}

const mayAssume: Policy = { Statement: [{ Effect: "Allow", Action: "sts:AssumeRole", Resource: "*" }] }
