import type { Clock } from "../../../core/clock.ts"
import { type Answer, type Call, noContent, permissionDenied, reply, VaultError } from "./protocol.ts"
import type { Token, VaultState } from "./state.ts"
import { authOf, createToken, liveToken, revoke, secondsLeft } from "./tokens.ts"
import { seconds, strings, text, timestamp } from "./values.ts"

/** `auth/token/...`: https://developer.hashicorp.com/vault/api-docs/auth/token */
export function tokenMethod(call: Call): Answer | undefined {
  const { operation, rest, state, clock, body } = call
  const writes = operation === "update" || operation === "create"
  switch (rest) {
    case "lookup-self":
      return operation === "read" || writes ? describe(own(call), clock) : undefined
    case "renew-self":
      return writes ? renew(own(call), call) : undefined
    case "revoke-self":
      return writes ? end(own(call), state) : undefined
    case "create":
    case "create-orphan":
      return writes ? create(call) : undefined
    case "lookup":
    case "revoke": {
      if (!writes) return undefined
      const token = liveToken(state, clock, text(body.token))
      if (token === undefined) {
        if (rest === "revoke") return noContent
        throw new VaultError(403, "bad token")
      }
      return rest === "lookup" ? describe(token, clock) : end(token, state)
    }
    default:
      return undefined
  }
}

function own({ token }: Call): Token {
  if (token === undefined) throw permissionDenied()
  return token
}

function describe(token: Token, clock: Clock): Answer {
  return reply({
    accessor: token.accessor,
    creation_time: Math.floor(token.createdAt / 1000),
    creation_ttl: token.creationTtl,
    display_name: token.displayName,
    entity_id: token.entityId,
    expire_time: token.expiresAt === undefined ? null : timestamp(token.expiresAt),
    explicit_max_ttl: token.explicitMaxTtl,
    id: token.id,
    issue_time: timestamp(token.createdAt),
    meta: token.metadata,
    ...(token.namespace === "" ? {} : { namespace_path: token.namespace }),
    num_uses: token.usesLeft ?? 0,
    orphan: token.orphan,
    path: token.path,
    policies: token.policies,
    renewable: token.renewable,
    ttl: secondsLeft(token, clock, Math.floor),
    type: token.type,
  })
}

function renew(token: Token, { clock, body }: Call): Answer {
  if (token.type === "batch") throw new VaultError(400, "batch tokens cannot be renewed")
  if (!token.renewable) throw new VaultError(400, "lease is not renewable")
  const limits = [token.maxTtl, token.explicitMaxTtl].filter((limit) => limit > 0)
  const latest = Math.min(...limits.map((limit) => token.createdAt + limit * 1000))
  token.expiresAt = Math.min(clock.now() + seconds(body.increment, token.creationTtl) * 1000, latest)
  return reply(null, { auth: authOf(token, clock) })
}

function end(token: Token, state: VaultState): Answer {
  if (token.type === "batch") throw new VaultError(400, "batch tokens cannot be revoked")
  revoke(state, token)
  return noContent
}

function create(call: Call): Answer {
  const { body, namespace, rest } = call
  const parent = own(call)
  if (parent.type === "batch") throw new VaultError(400, "batch tokens cannot create more tokens")
  const isRoot = parent.policies.includes("root")
  const policies = body.policies === undefined ? parent.policies : strings(body.policies)
  if (!isRoot && policies.some((policy) => policy !== "default" && !parent.policies.includes(policy)))
    throw new VaultError(400, "child policies must be subset of parent")
  const orphan = rest === "create-orphan" || (isRoot && body.no_parent === true)
  const token = createToken(call, {
    namespace: namespace.path,
    path: "auth/token/create",
    displayName: typeof body.display_name === "string" ? `token-${body.display_name}` : "token",
    policies,
    ttl: seconds(body.ttl),
    explicitMaxTtl: seconds(body.explicit_max_ttl),
    numUses: Number(body.num_uses ?? 0),
    noDefaultPolicy: body.no_default_policy === true,
    type: body.type === "batch" ? "batch" : "service",
    ...(orphan ? {} : { parent: parent.id }),
    ...(policies.includes("root") && body.ttl === undefined ? { endless: true as const } : {}),
  })
  return reply(null, { auth: authOf(token, call.clock) })
}
