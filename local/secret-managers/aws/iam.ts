import { AwsError, type Call } from "./protocol.ts"
import type { Policy, Statement } from "./state.ts"

/** Refuses what the caller's policies do not allow. @throws AwsError `AccessDeniedException` */
export function authorize({ caller }: Call, action: string, resource: string): void {
  if (caller.policies.every((policy) => allows(policy, action, resource))) return
  throw new AwsError(
    "AccessDeniedException",
    `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
  )
}

/** Whether one policy allows it: some statement does, and none denies it. */
export function allows({ Statement: statements }: Policy, action: string, resource: string): boolean {
  const matching = statements.filter((statement) => concerns(statement, action, resource))
  return (
    matching.some(({ Effect, Condition }) => Effect === "Allow" && Condition === undefined) &&
    !matching.some(({ Effect }) => Effect === "Deny")
  )
}

/** A policy from JSON, as far as this server can hold it. @throws AwsError `MalformedPolicyDocument` */
export function parsePolicy(json: string): Policy {
  try {
    const policy = JSON.parse(json) as Policy
    const statements = [policy.Statement].flat()
    const wellFormed = statements.every(
      ({ Effect, Action, Resource }) =>
        (Effect === "Allow" || Effect === "Deny") && isTexts(Action) && isTexts(Resource),
    )
    if (wellFormed && statements.length > 0) return { ...policy, Statement: statements }
  } catch {
    // Said below.
  }
  throw new AwsError("MalformedPolicyDocument", "The policy is not in the valid JSON format.")
}

const isTexts = (value: unknown) => [value].flat().every((one) => typeof one === "string")

/** Actions are compared without regard to case, resources with. */
function concerns({ Action, Resource }: Statement, action: string, resource: string): boolean {
  return (
    [Action].flat().some((pattern) => matcher(pattern.toLowerCase()).test(action.toLowerCase())) &&
    [Resource].flat().some((pattern) => matcher(pattern).test(resource))
  )
}

/** IAM's wildcards: `*` is any text, `?` one character. */
function matcher(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&")
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`, "s")
}
