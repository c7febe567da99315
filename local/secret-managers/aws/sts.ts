import { randomBytes } from "node:crypto"
import { allows, parsePolicy } from "./iam.ts"
import { AwsError, type Call, needed, text } from "./protocol.ts"
import { newAccessKey, type Role } from "./state.ts"

/**
 * The operations of STS that a client of another service needs.
 * https://docs.aws.amazon.com/STS/latest/APIReference/
 */
export const stsOperations: Readonly<Record<string, (call: Call) => { [key: string]: unknown }>> = {
  GetCallerIdentity: ({ caller }) => ({ Arn: caller.arn, UserId: caller.id, Account: caller.account }),
  AssumeRole: assumeRole,
}

function assumeRole(call: Call) {
  const { state, clock, caller, input, fault } = call
  const roleArn = needed(input, "RoleArn")
  const sessionName = needed(input, "RoleSessionName")
  if (!/^[\w+=,.@-]{2,64}$/.test(sessionName)) throw invalid("roleSessionName")
  const duration = Number(text(input, "DurationSeconds") ?? 3600)
  if (!(duration >= 900 && duration <= 43_200)) throw invalid("durationSeconds")
  const policy = text(input, "Policy")
  if (policy !== undefined && policy.length > 2048) throw invalid("policy")

  const role = state.roles.get(roleArn)
  const mayAsk = caller.policies.every((one) => allows(one, "sts:AssumeRole", roleArn))
  if (!role || !mayAsk || !trusts(role, call)) {
    throw new AwsError(
      "AccessDeniedException",
      `User: ${caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
    )
  }
  const name = roleArn.split("/").at(-1) ?? ""
  const expiresAt = clock.now() + (fault.sessionSeconds ?? duration) * 1000
  const session = {
    ...newAccessKey("ASIA"),
    sessionToken: randomBytes(96).toString("base64"),
    arn: `arn:aws:sts::${roleArn.split(":")[4]}:assumed-role/${name}/${sessionName}`,
    id: `${role.id}:${sessionName}`,
    policies: [role.policy, ...(policy === undefined ? [] : [parsePolicy(policy)])],
    expiresAt,
  }
  state.sessions.set(session.accessKeyId, session)
  return {
    Credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: session.sessionToken,
      Expiration: new Date(expiresAt).toISOString(),
    },
    AssumedRoleUser: { AssumedRoleId: session.id, Arn: session.arn },
  }
}

function trusts({ trusts, externalId }: Role, { caller, input }: Call): boolean {
  const trusted = [caller.arn, `arn:aws:iam::${caller.account}:root`, "*"]
  return (
    trusts.some((principal) => trusted.includes(principal)) &&
    (externalId === undefined || text(input, "ExternalId") === externalId)
  )
}

const invalid = (name: string) =>
  new AwsError(
    "ValidationException",
    `1 validation error detected: Value at '${name}' failed to satisfy constraint`,
  )
