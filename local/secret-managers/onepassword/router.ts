import type { Clock } from "../../../core/clock.ts"
import { isObject } from "../../../core/json.ts"
import type { OperationName } from "./faults.ts"
import { parseFilter } from "./filter.ts"
import { fileOf, fullOf, summaryOf, toStoredItem } from "./items.ts"
import { type Answer, ConnectError, type JsonObject, ok } from "./protocol.ts"
import type { State, StoredItem, StoredToken, StoredVault } from "./state.ts"
import { authenticate } from "./tokens.ts"

export interface ConnectRequest {
  method: string
  /** Decoded, without the query. */
  path: string
  query: URLSearchParams
  authorization: string | undefined
  text: string
}

export interface World {
  state: State
  clock: Clock
}

/** Inlined up to this, as `OP_MAX_INLINE_FILE_SIZE_KB` says by default. */
const maxInlineBytes = 100 * 1024

/** The answer to a request, as the specification has it: token, then vault, then item. @throws ConnectError */
export function answer(request: ConnectRequest, world: World): Answer {
  const { method, path } = request
  if (method === "GET" && path === "/heartbeat")
    return { status: 200, body: Buffer.from("."), headers: { "content-type": "text/plain" } }
  if (method === "GET" && path === "/health") return ok(health)
  const segments = segmentsOf(path)
  if (segments?.[0] !== "vaults") throw new ConnectError(404, "page not found")
  const token = authenticate(world.state, request.authorization, world.clock.now())
  const [, vaultId, items, itemId, files, fileId, content, ...beyond] = segments

  if (vaultId === undefined) return listVaults(request, world, token)
  const vault = vaultIn(world, token, vaultId, method)
  if (items === undefined && method === "GET") return ok(vaultOf(world, vault))
  if (items !== "items" || beyond.length > 0) throw new ConnectError(404, "page not found")
  if (itemId === undefined) return ofItems(request, world, vault)
  const item = itemIn(world, vault, itemId)
  if (files === undefined) return ofItem(request, world, vault, item)
  if (files !== "files" || method !== "GET") throw new ConnectError(404, "page not found")
  return ofFiles(request, item, fileId, content)
}

/** What a request is, for counts and faults. */
export function nameOf({ method, path }: Pick<ConnectRequest, "method" | "path">): OperationName {
  if (path === "/heartbeat" || path === "/health") return "health"
  const segments = segmentsOf(path)
  if (segments?.[0] !== "vaults") return "other"
  if (method !== "GET") return "write"
  if (segments.length <= 2) return segments.length === 1 ? "list-vaults" : "read-vault"
  if (segments.length <= 4) return segments.length === 3 ? "list-items" : "read-item"
  return "read-file"
}

/** The path below `/v1/`, with or without a slash at its end. */
function segmentsOf(path: string): string[] | undefined {
  const below = /^\/v1\/(.*?)\/?$/.exec(path)?.[1]
  return below?.split("/")
}

const health = {
  name: "1Password Connect API",
  version: "1.8.1",
  dependencies: [
    { service: "sqlite", status: "ACTIVE", message: "Connected to the sandbox" },
    { service: "sync", status: "ACTIVE" },
  ],
}

function listVaults({ method, query }: ConnectRequest, world: World, token: StoredToken): Answer {
  if (method !== "GET") throw new ConnectError(404, "page not found")
  const text = query.get("filter")
  // Documented is `name`; 1Password's SDKs for JavaScript and Go send `title`.
  const filter = text === null ? undefined : parseFilter(text, ["name", "title"])
  const vaults = world.state.vaults
    .filter(({ id }) => token.vaults.some((scope) => scope.id === id))
    .filter(({ name }) => filter === undefined || filter.matches(name))
  return ok(vaults.map((vault) => vaultOf(world, vault)))
}

/** @throws ConnectError 400, 403, 404 */
function vaultIn({ state }: World, token: StoredToken, id: string, method: string): StoredVault {
  if (!/^[\da-z]{26}$/.test(id)) throw new ConnectError(400, "Invalid Vault UUID")
  const scope = token.vaults.find((vault) => vault.id === id)
  if (scope === undefined) throw new ConnectError(403, `vault ${id} is not in scope`)
  if (method !== "GET" && !scope.write)
    throw new ConnectError(403, "token does not have permission to perform the action on the vault")
  const vault = state.vaults.find((known) => known.id === id)
  if (vault === undefined) throw new ConnectError(404, `vault ${id} not found`)
  return vault
}

function itemIn({ state }: World, vault: StoredVault, id: string): StoredItem {
  if (!/^[\da-z]{26}$/.test(id)) throw new ConnectError(400, "Invalid Item UUID")
  const item = state.items.find((known) => known.id === id && known.vault.id === vault.id)
  if (item === undefined) throw new ConnectError(404, `item ${id} not found`)
  return item
}

const vaultOf = ({ state }: World, vault: StoredVault) => ({
  ...vault,
  items: state.items.filter((item) => item.vault.id === vault.id && item.state === undefined).length,
})

function ofItems(
  { method, query, text }: ConnectRequest,
  { state, clock }: World,
  vault: StoredVault,
): Answer {
  if (method === "GET") {
    const filterText = query.get("filter")
    const filter = filterText === null ? undefined : parseFilter(filterText, ["title", "tag"])
    const items = state.items
      .filter((item) => item.vault.id === vault.id)
      .filter(({ title, tags }) => {
        if (filter === undefined) return true
        return filter.attribute === "tag" ? tags.some(filter.matches) : filter.matches(title)
      })
    return ok(items.map(summaryOf))
  }
  if (method !== "POST") throw new ConnectError(404, "page not found")
  const item = toStoredItem(parseObject(text), { vaultId: vault.id, now: clock.now() })
  if (item.category === "DOCUMENT")
    throw new ConnectError(400, "creating a new DOCUMENT item is not supported")
  state.items.push(item)
  vault.contentVersion++
  return ok(fullOf(item, clock.now()))
}

function ofItem(
  { method, text }: ConnectRequest,
  { state, clock }: World,
  vault: StoredVault,
  item: StoredItem,
): Answer {
  switch (method) {
    case "GET":
      return ok(fullOf(item, clock.now()))
    case "PUT": {
      const body = parseObject(text)
      if (body.id !== undefined && body.id !== item.id)
        throw new ConnectError(400, "Item id does not match the item in the path")
      const written = toStoredItem(body, { vaultId: vault.id, now: clock.now(), before: item })
      state.items.splice(state.items.indexOf(item), 1, written)
      vault.contentVersion++
      return ok(fullOf(written, clock.now()))
    }
    case "DELETE":
      state.items.splice(state.items.indexOf(item), 1)
      vault.contentVersion++
      return { status: 204 }
    default:
      throw new ConnectError(404, "page not found")
  }
}

function ofFiles(
  { query }: ConnectRequest,
  item: StoredItem,
  fileId: string | undefined,
  content: string | undefined,
): Answer {
  const inline = query.get("inline_files") === "true"
  if (fileId === undefined) return ok(item.files.map((file) => fileOf(item, inlined(file), inline)))
  const file = item.files.find(({ id }) => id === fileId)
  if (file === undefined) throw new ConnectError(404, `file ${fileId} not found`)
  if (content === undefined) return ok(fileOf(item, inlined(file), inline))
  if (content !== "content") throw new ConnectError(404, "page not found")
  const name = file.name.replaceAll(/[^\x20-\x7e]|["\\]/g, "_")
  return {
    status: 200,
    body: Buffer.from(file.content, "base64"),
    headers: {
      "content-type": "application/octet-stream",
      "content-disposition": `attachment; filename="${name}"`,
    },
  }

  function inlined<File extends { content: string }>(file: File): File {
    if (inline && Buffer.byteLength(file.content, "base64") > maxInlineBytes)
      throw new ConnectError(413, "File is too large to inline in request.")
    return file
  }
}

function parseObject(text: string): JsonObject {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    // Said below, without the text.
  }
  if (!isObject(body)) throw new ConnectError(400, "Invalid request body")
  return body
}
