import { randomUUID } from "node:crypto"
import type { Clock } from "../../../core/clock.ts"
import type { Json } from "../../../core/json.ts"
import { type Answer, type Auth, type Call, reply } from "./protocol.ts"
import { randomText, type Token, type TokenFields, type VaultState } from "./state.ts"
import { seconds, strings } from "./values.ts"

/** 768 hours: what Vault gives where neither role nor mount say anything. */
export const defaultTtl = 2_764_800

interface NewToken extends Partial<TokenFields> {
  namespace: string
  path: string
  displayName: string
  metadata?: Record<string, string>
  /** Set by those who log someone in. */
  entity?: true
  parent?: string
  /** Root alone has no end. */
  endless?: true
  id?: string
}

type Context = Pick<Call, "state" | "clock" | "faults">

export function createToken({ state, clock, faults }: Context, wanted: NewToken): Token {
  const type = wanted.type ?? "service"
  const now = clock.now()
  const suffix = state.namespaces.get(wanted.namespace)?.id
  const limits = [wanted.maxTtl, wanted.explicitMaxTtl, faults.current.tokenTtl].filter((limit) => limit)
  const ttl = Math.min(wanted.ttl || defaultTtl, ...limits.map(Number))
  const policies = new Set(wanted.policies)
  if (!wanted.noDefaultPolicy && !policies.has("root")) policies.add("default")
  const token: Token = {
    id:
      wanted.id ??
      `${type === "batch" ? "hvb" : "hvs"}.${randomText(type === "batch" ? 138 : 90)}${suffix ? `.${suffix}` : ""}`,
    accessor: type === "batch" ? "" : `${randomText(24)}${suffix ? `.${suffix}` : ""}`,
    namespace: wanted.namespace,
    type,
    policies: [...policies].sort(),
    displayName: wanted.displayName,
    path: wanted.path,
    metadata: wanted.metadata ?? null,
    entityId: wanted.entity ? randomUUID() : "",
    orphan: wanted.parent === undefined,
    ...(wanted.parent === undefined ? {} : { parent: wanted.parent }),
    renewable: type === "service" && !wanted.endless,
    creationTtl: wanted.endless ? 0 : ttl,
    maxTtl: wanted.maxTtl ?? 0,
    explicitMaxTtl: wanted.explicitMaxTtl ?? 0,
    createdAt: now,
    ...(wanted.endless ? {} : { expiresAt: now + ttl * 1000 }),
    ...(wanted.numUses ? { usesLeft: wanted.numUses } : {}),
    cubbyhole: new Map(),
  }
  state.tokens.set(token.id, token)
  return token
}

/** The token with this id while it lives. */
export function liveToken(state: VaultState, clock: Clock, id: string): Token | undefined {
  const token = state.tokens.get(id)
  if (token === undefined) return undefined
  if (token.expiresAt === undefined || token.expiresAt > clock.now()) return token
  revoke(state, token)
  return undefined
}

/** Forgets every token whose time is over. */
export function endExpired({ state, clock }: Pick<Context, "state" | "clock">): void {
  for (const id of [...state.tokens.keys()]) liveToken(state, clock, id)
}

/** Takes one of a token's uses; the last one ends it, after the request that made it. */
export function spendUse(state: VaultState, token: Token): void {
  if (token.usesLeft === undefined) return
  token.usesLeft -= 1
  if (token.usesLeft <= 0) revoke(state, token)
}

/** Ends a token and all that it made, save orphans. */
export function revoke(state: VaultState, token: Token): void {
  state.tokens.delete(token.id)
  for (const child of [...state.tokens.values()]) if (child.parent === token.id) revoke(state, child)
}

/** The token as the answer to a login or a renewal shows it. */
export function authOf(token: Token, clock: Clock): Auth {
  return {
    client_token: token.id,
    accessor: token.accessor,
    policies: token.policies,
    token_policies: token.policies,
    metadata: token.metadata,
    lease_duration: secondsLeft(token, clock, Math.ceil),
    renewable: token.renewable,
    entity_id: token.entityId,
    token_type: token.type,
    orphan: token.orphan,
    mfa_requirement: null,
    num_uses: token.usesLeft ?? 0,
  }
}

/** Until its end; 0 for one that has none. */
export const secondsLeft = (token: Token, clock: Clock, round: (value: number) => number) =>
  token.expiresAt === undefined ? 0 : round((token.expiresAt - clock.now()) / 1000)

/** What a login answers. The token is displayed as the mount it came by and, where there is one, the user's name. */
export function loggedIn(
  call: Call,
  wanted: Omit<NewToken, "namespace" | "path" | "displayName">,
  user?: string,
): Answer {
  const { namespace, path, mountPath } = call
  const mount = mountPath.slice("auth/".length, -1).replaceAll("/", "-")
  const displayName = user === undefined ? mount : `${mount}-${user}`
  const token = createToken(call, { ...wanted, displayName, namespace: namespace.path, path, entity: true })
  return reply(null, { auth: authOf(token, call.clock) })
}

/** The fields that every auth method's roles share, each as `token_ttl` or, for those before 1.2, `ttl`. */
export function tokenFields(body: { [key: string]: Json }, before?: TokenFields): TokenFields {
  const given = (name: string) => body[`token_${name}`] ?? body[name]
  return {
    policies: given("policies") === undefined ? (before?.policies ?? []) : strings(given("policies")),
    ttl: seconds(given("ttl"), before?.ttl),
    maxTtl: seconds(given("max_ttl"), before?.maxTtl),
    explicitMaxTtl: seconds(given("explicit_max_ttl"), before?.explicitMaxTtl),
    numUses: Number(body.token_num_uses ?? before?.numUses ?? 0),
    noDefaultPolicy: Boolean(body.token_no_default_policy ?? before?.noDefaultPolicy),
    type: (given("type") ?? before?.type) === "batch" ? "batch" : "service",
  }
}

/** The first token, which may do anything and has no end. */
export function createRootToken(context: Context): Token {
  return createToken(context, {
    id: context.state.rootToken,
    namespace: "",
    path: "auth/token/root",
    displayName: "root",
    policies: ["root"],
    endless: true,
  })
}
