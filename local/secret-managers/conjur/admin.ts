import { adminRole, roleOfLogin } from "./access.ts"
import { demoSecrets, hidden, restricted } from "./demo.ts"
import type { World } from "./protocol.ts"
import { newApiKey, rootPolicy } from "./roles.ts"
import { addVersion } from "./secrets.ts"
import { type JwtAuthenticator, newSigningKey, type Resource } from "./state.ts"

/** The server's administrator, who does what policies do. What is made belongs to the policy `root`. */
export interface ConjurAdmin {
  readonly account: string
  /** Of the user `admin`. */
  readonly apiKey: string
  /** Makes a variable where there is none. A value is added, as a new version. */
  put(id: string, value?: string | Buffer): void
  /** The latest value, as text. */
  value(id: string): string | undefined
  annotate(id: string, name: string, value: string): void
  /** Makes a host (`host/...`) or a user. */
  createLogin(login: string, options?: { password?: string }): { loginId: string; apiKey: string }
  /** Makes a group. */
  createGroup(id: string): void
  /** Lets the login be what the group is. */
  grant(group: string, login: string): void
  /** To a login, or to a group (`group:id`), on a variable. */
  permit(role: string, privileges: readonly string[], variable: string): void
  /** Puts an authenticator there, and lets these logins authenticate by it. */
  enableJwt(serviceId: string, authenticator: JwtAuthenticator, logins: readonly string[]): void
  /** Ends every token. */
  expireTokens(): void
  /** Gives the demo secrets new values, or one of them; `value` says which, and then any id will do. @throws RangeError */
  rotate(id?: string, value?: string): string[]
}

export function createAdmin({ state, clock }: World): ConjurAdmin {
  const { account } = state
  const policy = rootPolicy(state)
  const now = () => new Date(clock.now()).toISOString().replace("Z", "+00:00")

  function addResource(id: string): Resource {
    const resource = {
      owner: policy,
      policy,
      createdAt: now(),
      permissions: [],
      annotations: [],
      secrets: [],
    }
    state.resources.set(id, resource)
    return resource
  }
  const addRole = (id: string, secrets: { apiKey?: string; password?: string } = {}) => {
    state.roles.set(id, { ...secrets, memberOf: [], createdAt: now() })
    if (!state.resources.has(id)) addResource(id)
  }
  const idOf = (role: string) =>
    role.startsWith("group:") ? `${account}:${role}` : roleOfLogin(account, role)
  const permitOn = (role: string, privileges: readonly string[], id: string) => {
    const resource = state.resources.get(id) ?? addResource(id)
    for (const privilege of privileges) resource.permissions.push({ privilege, role: idOf(role) })
  }
  const put = (id: string, value?: string | Buffer) => {
    const variable = state.resources.get(variableId(id)) ?? addResource(variableId(id))
    if (value !== undefined) addVersion(variable, Buffer.from(value))
  }
  const variableId = (id: string) => `${account}:variable:${id}`

  if (!state.roles.has(policy)) {
    addRole(policy)
    addRole(adminRole(state), { apiKey: newApiKey() })
  }
  return {
    account,
    get apiKey() {
      return state.roles.get(adminRole(state))?.apiKey ?? ""
    },
    put,
    value: (id) => {
      const latest = state.resources.get(variableId(id))?.secrets.at(-1)
      return latest && Buffer.from(latest.base64, "base64").toString()
    },
    annotate: (id, name, value) => state.resources.get(variableId(id))?.annotations.push({ name, value }),
    createLogin: (login, options = {}) => {
      const apiKey = newApiKey()
      addRole(roleOfLogin(account, login), { apiKey, ...options })
      return { loginId: login, apiKey }
    },
    createGroup: (id) => addRole(`${account}:group:${id}`),
    grant: (group, login) =>
      state.roles.get(roleOfLogin(account, login))?.memberOf.push(`${account}:group:${group}`),
    permit: (role, privileges, variable) => permitOn(role, privileges, variableId(variable)),
    enableJwt: (serviceId, authenticator, logins) => {
      state.authenticators.set(serviceId, authenticator)
      const webservice = `${account}:webservice:conjur/authn-jwt/${serviceId}`
      for (const login of logins) permitOn(login, ["read", "authenticate"], webservice)
    },
    expireTokens: () => {
      state.signingKey = newSigningKey()
    },
    rotate: (id, value) => {
      if (id !== undefined && value !== undefined) {
        put(id, value)
        return [id]
      }
      const secrets = [...demoSecrets()].filter(([name]) => id === undefined || name === id)
      if (secrets.length === 0)
        throw new RangeError("no demo secret has that id: give its new `value` as well")
      for (const [name, fresh] of secrets) put(name, fresh)
      return secrets.map(([name]) => name)
    },
  }
}

/** A login for the sandbox, and its secrets where they are wanted. Gives what a connection needs. */
export function furnish(admin: ConjurAdmin, withSecrets: boolean): { loginId: string; apiKey: string } {
  const login = admin.createLogin("host/data/latchkey")
  admin.createGroup("data/app/consumers")
  admin.grant("data/app/consumers", login.loginId)
  if (!withSecrets) return login
  for (const id of admin.rotate()) {
    if (id.startsWith(hidden)) continue
    const privileges = id.startsWith(restricted) ? ["read"] : ["read", "execute"]
    admin.permit("group:data/app/consumers", privileges, id)
  }
  return login
}
