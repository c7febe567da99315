import { randomInt } from "node:crypto"
import { adminRole, currentRole, heldRoles } from "./access.ts"
import { type Answer, type Call, json, missingRecord, noRoute } from "./protocol.ts"
import type { ConjurState } from "./state.ts"

/** `/roles/{account}/{kind}/{identifier}`, with `?all`, `?memberships` and `?members`: https://docs.conjur.org, roles. */
export function roles(call: Call): Answer {
  const { state, method, segments, query } = call
  const [, account, kind, ...identifier] = segments
  if (method !== "GET" || identifier.length === 0) throw noRoute()
  const id = `${account}:${kind}:${identifier.join("/")}`
  const role = state.roles.get(id)
  const current = currentRole(call)
  if (role === undefined || !heldRoles(state, current).has(id)) throw missingRecord(id)
  if (query.has("all")) return json([...heldRoles(state, id)])
  if (query.has("memberships")) return json(role.memberOf.map((granted) => grant(state, granted, id)))
  const members = membersOf(state, id).map((member) => grant(state, id, member))
  if (query.has("members")) return json(members)
  return json({ created_at: role.createdAt, id, policy: rootPolicy(state), members })
}

/** Lower case letters and digits, as Conjur's. */
export function newApiKey(): string {
  const letters = "0123456789abcdefghjkmnpqrstvwxyz"
  return Array.from({ length: 55 }, () => letters[randomInt(letters.length)]).join("")
}

export const rootPolicy = ({ account }: ConjurState): string => `${account}:policy:root`

function membersOf(state: ConjurState, id: string): string[] {
  const granted = [...state.roles].flatMap(([member, { memberOf }]) =>
    memberOf.includes(id) ? [member] : [],
  )
  return [...new Set([adminRole(state), ...granted])]
}

function grant(state: ConjurState, role: string, member: string): object {
  const ownership = member === adminRole(state)
  return { admin_option: ownership, ownership, role, member, policy: rootPolicy(state) }
}
