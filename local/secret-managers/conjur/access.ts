import { type Call, ConjurError, forbidden, missingRecord } from "./protocol.ts"
import type { ConjurState, Resource } from "./state.ts"
import { loginOfToken } from "./tokens.ts"

/** The full id of a login: `host/data/app` is a host, all else a user. */
export function roleOfLogin(account: string, login: string): string {
  return login.startsWith("host/")
    ? `${account}:host:${login.slice("host/".length)}`
    : `${account}:user:${login}`
}

export function loginOfRole(role: string): string {
  const [, kind, ...identifier] = role.split(":")
  return kind === "host" ? `host/${identifier.join(":")}` : identifier.join(":")
}

/** The role that a token speaks for. @throws ConjurError 401 for a token that is none, 403 where its role is gone */
export function currentRole(call: Call): string {
  const role = roleOfLogin(call.state.account, loginOfToken(call).login)
  if (!call.state.roles.has(role)) throw forbidden()
  return role
}

/** The role that `?role=` names, which the token's must hold, else the token's own. */
export function assumedRole(call: Call, named: string | null): string {
  const current = currentRole(call)
  if (named === null || named === "") return current
  if (!call.state.roles.has(named) || !heldRoles(call.state, current).has(named)) throw forbidden()
  return named
}

/** All roles that a role holds, itself included. The admin owns everything, hence holds every role. */
export function heldRoles(state: ConjurState, role: string): Set<string> {
  if (role === adminRole(state)) return new Set(state.roles.keys())
  const held = new Set<string>()
  const queue = [role]
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (held.has(next)) continue
    held.add(next)
    queue.push(...(state.roles.get(next)?.memberOf ?? []))
  }
  return held
}

export const adminRole = ({ account }: ConjurState): string => `${account}:user:admin`

/** A resource is seen by who owns it or has any privilege on it. */
export function isVisible(state: ConjurState, role: string, { owner, permissions }: Resource): boolean {
  const held = heldRoles(state, role)
  return held.has(owner) || permissions.some((permission) => held.has(permission.role))
}

export function isAllowed(
  state: ConjurState,
  role: string,
  { owner, permissions }: Resource,
  privilege: string,
): boolean {
  const held = heldRoles(state, role)
  return (
    held.has(owner) ||
    permissions.some((permission) => permission.privilege === privilege && held.has(permission.role))
  )
}

/** @throws ConjurError 404 for one that is not there or not to be seen */
export function visibleResource(state: ConjurState, role: string, id: string): Resource {
  const resource = state.resources.get(id)
  if (resource === undefined || !isVisible(state, role, resource)) throw missingRecord(id)
  return resource
}

/** @throws ConjurError 404 for what is not to be seen, 403 for what is but may not be used so */
export function authorized(state: ConjurState, role: string, id: string, privilege: string): Resource {
  const resource = visibleResource(state, role, id)
  if (!isAllowed(state, role, resource, privilege)) throw forbidden()
  return resource
}

export const isMissing = (error: unknown): boolean =>
  error instanceof ConjurError && error.answer.status === 404
