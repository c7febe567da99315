import { ProviderError } from "../../errors.ts"
import { isObject, type Json, own } from "../../json.ts"
import type { Secret } from "../../secret.ts"
import { jsonOf } from "../answer.ts"
import type { BrowsePage } from "../provider.ts"
import { failure, unexpected } from "./answers.ts"
import type { Conjur } from "./api.ts"
import { isVariableId } from "./path.ts"

const operation = "list variables"
/** A resource comes with its permissions and annotations: a kilobyte or more each. Conjur allows 1,000 by default. */
const pageSize = 200
const maxBytes = 4 * 1024 * 1024
/** Requests for one page of ours, most of which may lie elsewhere. */
const maxRequests = 5

/** Where the next page begins: how many resources were seen, the folder shown last, and whether Conjur searches for us. */
interface Position {
  offset: number
  folder: string
  search: boolean
}

/**
 * The folders and variables directly below a prefix, which is empty or ends in a slash. Conjur knows no folders; it lists
 * variables by id, and narrows the list down to those with certain words, which is more than those with the prefix.
 * @throws ProviderError `INVALID_PATH`, and `BAD_CREDENTIALS` where it no longer accepts the token
 */
export async function browseVariables({
  conjur,
  account,
  token,
  prefix,
  cursor,
  signal,
}: {
  conjur: Conjur
  account: string
  token: Secret
  prefix: string
  cursor: string | undefined
  signal: AbortSignal
}): Promise<BrowsePage> {
  if (prefix !== "" && !(prefix.endsWith("/") && isVariableId(prefix.slice(0, -1)))) {
    throw new ProviderError("INVALID_PATH", "A prefix is the path of a folder, such as `data/app/`.")
  }
  const idPrefix = `${account}:variable:`
  let position = cursor === undefined ? start(prefix) : parseCursor(cursor)
  const data: BrowsePage["data"] = []

  function add(id: string): void {
    const path = id.slice(idPrefix.length)
    if (!id.startsWith(idPrefix) || !path.startsWith(prefix) || !isVariableId(path)) return
    const [name = "", ...deeper] = path.slice(prefix.length).split("/")
    if (deeper.length === 0) {
      data.push({ path, name, kind: "secret" })
      return
    }
    // Databases sort text in many ways: what is in one folder need not stand together.
    if (name === position.folder || data.some((entry) => entry.kind === "folder" && entry.name === name))
      return
    position = { ...position, folder: name }
    data.push({ path: `${prefix}${name}/`, name, kind: "folder" })
  }

  for (let count = 1; ; count++) {
    const ids = await list(position)
    // Words such as `the` are not searched for, and where no other is left nothing is found.
    if (ids.length === 0 && position.search && position.offset === 0) {
      position = { ...position, search: false }
      continue
    }
    ids.forEach(add)
    if (ids.length < pageSize) return { data }
    position = { ...position, offset: position.offset + ids.length }
    if (data.length > 0 || count >= maxRequests) return { data, next: printCursor(position) }
  }

  async function list({ offset, search }: Position): Promise<string[]> {
    const query = new URLSearchParams({
      ...(search ? { search: prefix } : {}),
      limit: String(pageSize),
      offset: String(offset),
    })
    const path = `/resources/${encodeURIComponent(account)}/variable?${query}`
    const answer = await conjur.get(path, { operation, token, maxBytes, signal })
    if (answer.status === 403) {
      const message =
        "Conjur does not let the login list variables. Check what stands between; resolving needs no listing."
      throw failure("PERMISSION_DENIED", message, answer, operation)
    }
    const resources = answer.status === 200 ? jsonOf(answer.body) : undefined
    if (!Array.isArray(resources)) throw unexpected(answer, operation)
    return resources.map(idOf)
  }
}

const start = (prefix: string): Position => ({ offset: 0, folder: "", search: prefix !== "" })

function idOf(resource: Json): string {
  const id = isObject(resource) ? own(resource, "id") : undefined
  return typeof id === "string" ? id : ""
}

function printCursor({ offset, folder, search }: Position): string {
  return `${search ? "search" : "all"}:${offset}:${folder}`
}

function parseCursor(cursor: string): Position {
  const [, mode, offset, folder = ""] = /^(search|all):([0-9]{1,9}):(.*)$/su.exec(cursor) ?? []
  if (mode === undefined)
    throw new ProviderError("INVALID_PATH", "The cursor is not one of this list's. Begin again without it.")
  return { offset: Number(offset), folder, search: mode === "search" }
}
