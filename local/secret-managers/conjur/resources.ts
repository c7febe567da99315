import { assumedRole, currentRole, isAllowed, isVisible, visibleResource } from "./access.ts"
import { type Answer, badArgument, type Call, head, json, noRoute, refuse } from "./protocol.ts"
import type { Resource } from "./state.ts"

/** What Conjur allows by default. Its Synchronizer's magic number goes through as well. */
const maxLimit = 1000
const synchronizerLimit = 10_000

/** `/resources[/{account}[/{kind}[/{identifier}]]]`: https://docs.conjur.org, resources. */
export function resources(call: Call): Answer {
  const { method, segments, query } = call
  const [, account, kind, ...identifier] = segments
  if (method !== "GET") throw noRoute()
  if (identifier.length === 0) return list(call, account, kind)
  const id = `${account}:${kind}:${identifier.join("/")}`
  if (query.has("check")) return check(call, id)
  if (query.has("permitted_roles")) return permittedRoles(call, id)
  return json(shown(id, visibleResource(call.state, currentRole(call), id)))
}

function list(call: Call, account: string | undefined, kind: string | undefined): Answer {
  const { state, query } = call
  const counting = query.get("count") === "true"
  const [limit, offset] = [query.get("limit"), query.get("offset")]
  if (!counting && limit !== null && Number(limit) > maxLimit && Number(limit) !== synchronizerLimit) {
    throw refuse(422, "unprocessable_entity", `'Limit' parameter must not exceed ${maxLimit}`)
  }
  const role = assumedRole(call, query.get("role") || query.get("acting_as"))
  if (limit !== null && !/^[1-9][0-9]*$/.test(limit)) {
    throw unprocessable("'limit' contains an invalid value. 'limit' must be a positive integer.")
  }
  if (offset !== null && !/^(?:0|[1-9][0-9]*)$/.test(offset)) {
    throw unprocessable(
      "'offset' contains an invalid value. 'offset' must be an integer greater than or equal to 0.",
    )
  }
  const wantedAccount = account ?? query.get("account")
  const wantedKind = kind ?? query.get("kind")
  const search = query.get("search")
  const found = [...state.resources]
    .filter(([id, resource]) => {
      const [itsAccount, itsKind] = id.split(":")
      return (
        (wantedAccount === null || itsAccount === wantedAccount) &&
        (wantedKind === null || itsKind === wantedKind) &&
        isVisible(state, role, resource) &&
        (search === null || search === "" || matches(search, id, resource))
      )
    })
    .sort(([one], [two]) => (one < two ? -1 : 1))
  const begin = Number(offset ?? 0)
  // Without a limit it is the largest, save that an offset alone makes it ten, and that all are counted.
  const unlimited = counting ? Number.POSITIVE_INFINITY : maxLimit
  const page = found.slice(begin, begin + Number(limit ?? (offset === null ? unlimited : 10)))
  return json(counting ? { count: page.length } : page.map(([id, resource]) => shown(id, resource)))
}

const unprocessable = (message: string) => refuse(422, "unprocessable_entity", message)

/** What PostgreSQL leaves out of a search in English; a search for nothing else finds nothing. */
const stopWords = new Set("a an and are as at be by for from in is it of on or the this to with".split(" "))

/**
 * Every word of the search stands among those of id, annotations and kind. Words end at anything but letters
 * and digits. PostgreSQL also takes words of one stem for the same, which is left out.
 */
function matches(search: string, id: string, { annotations }: Resource): boolean {
  const [, kind = "", ...identifier] = id.split(":")
  const words = new Set(wordsOf([kind, ...identifier, ...annotations.map(({ value }) => value)].join(" ")))
  const wanted = wordsOf(search)
  return wanted.length > 0 && wanted.every((word) => words.has(word))
}

function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .filter((word) => word !== "" && !stopWords.has(word))
}

function shown(id: string, resource: Resource): object {
  const { createdAt, owner, policy, permissions, annotations, secrets } = resource
  return {
    created_at: createdAt,
    id,
    owner,
    policy,
    permissions: permissions.map((permission) => ({ ...permission, policy })),
    annotations: annotations.map((annotation) => ({ ...annotation, policy })),
    ...(id.split(":")[1] === "variable"
      ? { secrets: secrets.map(({ version }) => ({ version, expires_at: null })) }
      : {}),
  }
}

/** 204 for yes and 404 for no. */
function check(call: Call, id: string): Answer {
  const privilege = call.query.get("privilege")
  if (!privilege) throw badArgument("privilege")
  const role = assumedRole(call, call.query.get("role"))
  const resource = visibleResource(call.state, currentRole(call), id)
  return head(isAllowed(call.state, role, resource, privilege) ? 204 : 404)
}

function permittedRoles(call: Call, id: string): Answer {
  const privilege = call.query.get("privilege")
  if (!privilege) throw badArgument("privilege")
  const resource = visibleResource(call.state, currentRole(call), id)
  const permitted = [...call.state.roles.keys()].filter((role) =>
    isAllowed(call.state, role, resource, privilege),
  )
  return json(permitted)
}
