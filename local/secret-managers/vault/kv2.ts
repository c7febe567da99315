import { isObject, type Json } from "../../../core/json.ts"
import { type Answer, type Call, listing, noContent, notFound, reply, VaultError } from "./protocol.ts"
import type { KvEntry, KvVersion, Mount } from "./state.ts"
import { integer, seconds, sorted, text, timestamp } from "./values.ts"

type Kv2 = Extract<Mount, { version: 2 }>

/** https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2 */
export function kvVersion2(call: Call, mount: Kv2): Answer | undefined {
  const { operation, rest } = call
  const slash = rest.indexOf("/")
  const endpoint = slash === -1 ? rest : rest.slice(0, slash)
  const path = slash === -1 ? "" : rest.slice(slash + 1)
  const writes = operation === "create" || operation === "update"
  if (rest === "config") return configure(call, mount)
  if (!endpoints.has(endpoint)) return wrongVersion(operation)
  if (path === "" && operation !== "list") {
    if (slash !== -1) throw notFound()
    return invalidPath("Non-listing operations on the root of a K/V v2 mount are not supported.")
  }
  switch (endpoint) {
    case "data":
      if (operation === "read") return readData(call, mount, path)
      if (writes) return writeData(call, mount, path, call.body.data)
      if (operation === "patch") return patchData(call, mount, path)
      return operation === "delete" ? deleteLatest(call, mount, path) : undefined
    case "metadata":
      return metadata(call, mount, path)
    case "subkeys":
      return operation === "read" ? readSubkeys(call, mount, path) : undefined
    default:
      return writes ? changeVersions(call, mount.entries.get(path), endpoint) : undefined
  }
}

export const kv2Exists = (mount: Kv2, rest: string): boolean =>
  mount.entries.has(rest.slice(rest.indexOf("/") + 1))

const endpoints = new Set(["data", "metadata", "subkeys", "delete", "undelete", "destroy"])

/** A path as version 1 has it: 404, with a warning that tells what is wrong. */
function wrongVersion(operation: Call["operation"]): Answer {
  const verb = operation === "read" || operation === "list" ? operation.replace("read", "get") : "put"
  return invalidPath(
    `Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. If using the Vault CLI, use 'vault kv ${operation === "delete" ? "delete" : verb}' for this operation.`,
  )
}

const invalidPath = (warning: string) => reply(null, { warnings: [warning] }, 404)

function configure({ operation, body }: Call, mount: Kv2): Answer | undefined {
  if (operation === "read")
    return reply({
      cas_required: mount.casRequired,
      delete_version_after: "0s",
      max_versions: mount.maxVersions,
    })
  if (operation !== "create" && operation !== "update") return undefined
  mount.maxVersions = Number(body.max_versions ?? mount.maxVersions)
  mount.casRequired = Boolean(body.cas_required ?? mount.casRequired)
  return noContent
}

/** The entry, its version that the query asks for, and whether that one is readable. @throws VaultError 404 */
function selectVersion({ query, clock }: Call, mount: Kv2, path: string) {
  const wanted = integer("version", query.get("version"))
  const entry = mount.entries.get(path)
  const number = wanted > 0 ? wanted : (entry?.current ?? 0)
  const version = entry?.versions.get(number)
  if (entry === undefined || version === undefined) throw notFound()
  const gone = version.destroyed || isDeleted(version, clock.now())
  return { entry, number, version, data: gone ? undefined : version.data }
}

const isDeleted = ({ deletionTime }: KvVersion, now: number) =>
  deletionTime !== "" && Date.parse(deletionTime) <= now

function versionMetadata(entry: KvEntry, version: KvVersion, number: number) {
  return {
    created_time: version.createdAt,
    custom_metadata: entry.customMetadata ?? null,
    deletion_time: version.deletionTime,
    destroyed: version.destroyed,
    version: number,
  }
}

/** A deleted or destroyed version is a 404 with the metadata that says so. */
function readData(call: Call, mount: Kv2, path: string): Answer {
  const { entry, number, version, data } = selectVersion(call, mount, path)
  const metadata = versionMetadata(entry, version, number)
  return reply(
    { data: data === undefined ? null : JSON.parse(data), metadata },
    {},
    data === undefined ? 404 : 200,
  )
}

function readSubkeys(call: Call, mount: Kv2, path: string): Answer {
  const depth = integer("depth", call.query.get("depth"))
  const { entry, number, version, data } = selectVersion(call, mount, path)
  const subkeys = data === undefined ? null : stripped(JSON.parse(data), depth || Number.POSITIVE_INFINITY)
  return reply(
    { metadata: versionMetadata(entry, version, number), subkeys },
    {},
    data === undefined ? 404 : 200,
  )
}

function stripped(value: Json, depth: number): Json {
  if (!isObject(value) || depth === 0 || Object.keys(value).length === 0) return null
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, stripped(inner, depth - 1)]))
}

function writeData(call: Call, mount: Kv2, path: string, data: Json | undefined): Answer {
  const { body, clock } = call
  if (path.endsWith("/")) throw new VaultError(400, "cannot write to a path ending in '/'")
  if (!isObject(data)) throw new VaultError(400, "no data provided")
  const cas = isObject(body.options) ? body.options.cas : undefined
  const before = mount.entries.get(path)
  if (cas === undefined && (before?.casRequired || mount.casRequired))
    throw new VaultError(400, "check-and-set parameter required for this call")
  if (cas !== undefined && Number(cas) !== (before?.current ?? 0))
    throw new VaultError(400, "check-and-set parameter did not match the current version")
  const createdAt = timestamp(clock.now())
  const entry = before ?? newEntry(createdAt)
  const lifetime = seconds(entry.deleteVersionAfter)
  const version: KvVersion = {
    data: JSON.stringify(sorted(data)),
    createdAt,
    deletionTime: lifetime > 0 ? timestamp(clock.now() + lifetime * 1000) : "",
    destroyed: false,
  }
  entry.current += 1
  entry.updatedAt = createdAt
  entry.versions.set(entry.current, version)
  const kept = entry.maxVersions || mount.maxVersions || 10
  for (const number of entry.versions.keys())
    if (number <= entry.current - kept) entry.versions.delete(number)
  mount.entries.set(path, entry)
  return reply(versionMetadata(entry, version, entry.current))
}

const newEntry = (createdAt: string): KvEntry => ({
  current: 0,
  createdAt,
  updatedAt: createdAt,
  maxVersions: 0,
  casRequired: false,
  deleteVersionAfter: "0s",
  versions: new Map(),
})

/** JSON merge patch (RFC 7396) onto the latest version, which must be readable. */
function patchData(call: Call, mount: Kv2, path: string): Answer {
  if (!isObject(call.body.data)) throw new VaultError(400, "no data provided")
  const { data } = selectVersion({ ...call, query: new URLSearchParams() }, mount, path)
  if (data === undefined) throw notFound()
  return writeData(call, mount, path, merged(JSON.parse(data), call.body.data))
}

function merged(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch
  const result = new Map(Object.entries(isObject(target) ? target : {}))
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key)
    else result.set(key, merged(result.get(key) ?? null, value))
  }
  return Object.fromEntries(result)
}

function deleteLatest({ clock }: Call, mount: Kv2, path: string): Answer {
  const entry = mount.entries.get(path)
  const version = entry?.versions.get(entry.current)
  if (version !== undefined) remove(version, clock.now())
  return noContent
}

function remove(version: KvVersion, now: number): void {
  if (!version.destroyed && !isDeleted(version, now)) version.deletionTime = timestamp(now)
}

/** `delete`, `undelete` and `destroy`, of the versions that the body names. */
function changeVersions({ body, clock }: Call, entry: KvEntry | undefined, endpoint: string): Answer {
  const numbers = Array.isArray(body.versions) ? body.versions.map(Number) : []
  if (numbers.length === 0) throw new VaultError(400, "no version number provided")
  for (const number of numbers) {
    const version = entry?.versions.get(number)
    if (version === undefined || version.destroyed) continue
    if (endpoint === "delete") remove(version, clock.now())
    if (endpoint === "undelete") version.deletionTime = ""
    if (endpoint === "destroy") {
      version.destroyed = true
      delete version.data
    }
  }
  return noContent
}

function metadata({ operation, body, clock }: Call, mount: Kv2, path: string): Answer | undefined {
  if (operation === "list") return listing(mount.entries.keys(), path)
  if (operation === "delete") {
    mount.entries.delete(path)
    return noContent
  }
  const entry = mount.entries.get(path)
  if (operation === "read") return describe(entry)
  if (operation !== "create" && operation !== "update") return undefined
  const written = entry ?? newEntry(timestamp(clock.now()))
  written.maxVersions = Number(body.max_versions ?? written.maxVersions)
  written.casRequired = Boolean(body.cas_required ?? written.casRequired)
  seconds(body.delete_version_after)
  written.deleteVersionAfter = text(body.delete_version_after) || written.deleteVersionAfter
  if (isObject(body.custom_metadata))
    written.customMetadata = Object.fromEntries(
      Object.entries(body.custom_metadata).map(([key, value]) => [key, String(value)]),
    )
  mount.entries.set(path, written)
  return noContent
}

function describe(entry: KvEntry | undefined): Answer {
  if (entry === undefined) throw notFound()
  const versions = [...entry.versions].map(([number, version]) => [
    number,
    {
      created_time: version.createdAt,
      deletion_time: version.deletionTime,
      destroyed: version.destroyed,
    },
  ])
  const oldest = Math.min(...entry.versions.keys())
  return reply({
    cas_required: entry.casRequired,
    created_time: entry.createdAt,
    current_version: entry.current,
    custom_metadata: entry.customMetadata ?? null,
    delete_version_after: entry.deleteVersionAfter,
    max_versions: entry.maxVersions,
    oldest_version: oldest > 1 && oldest !== Number.POSITIVE_INFINITY ? oldest : 0,
    updated_time: entry.updatedAt,
    versions: Object.fromEntries(versions),
  })
}
