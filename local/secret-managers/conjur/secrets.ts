import { authorized, currentRole, isAllowed, isMissing } from "./access.ts"
import {
  type Answer,
  badArgument,
  type Call,
  forbidden,
  head,
  json,
  missingValue,
  noRoute,
  refuse,
} from "./protocol.ts"
import type { Resource } from "./state.ts"

const keptVersions = 20

/** `/secrets/{account}/variable/{identifier}` and `/secrets?variable_ids=`: https://docs.conjur.org, secrets. */
export function secrets(call: Call): Answer {
  const { method, segments } = call
  const [, account, kind, ...identifier] = segments
  if (account === undefined) {
    if (method === "GET") return readMany(call)
    throw noRoute()
  }
  if (kind !== "variable" || identifier.length === 0) throw noRoute()
  const id = `${account}:variable:${identifier.join("/")}`
  if (method === "GET") return readOne(call, id)
  if (method === "POST") return write(call, id)
  throw noRoute()
}

function readOne(call: Call, id: string): Answer {
  const role = currentRole(call)
  const resource = executable(call, role, id)
  const version = call.query.get("version")
  if (version !== null && !/^[0-9]+$/.test(version)) throw badArgument("invalid type for parameter 'version'")
  const secret = resource.secrets.findLast((kept) => version === null || kept.version === Number(version))
  if (secret === undefined) throw missingValue(id)
  const type = resource.annotations.find(({ name }) => name === "conjur/mime_type")?.value
  return {
    status: 200,
    headers: { "content-type": type ?? "application/octet-stream", "content-transfer-encoding": "binary" },
    body: Buffer.from(secret.base64, "base64"),
  }
}

/** What may not be seen is missing here, in the same words. */
function executable(call: Call, role: string, id: string): Resource {
  try {
    return authorized(call.state, role, id, "execute")
  } catch (error) {
    throw isMissing(error) ? missingValue(id) : error
  }
}

/** All or nothing. What exists and may not be read is refused first, seen or not; then what does not exist, or repeats. */
function readMany(call: Call): Answer {
  const role = currentRole(call)
  const ids = (call.query.get("variable_ids") ?? "").replace(/,+$/, "").split(",")
  if (ids.includes("")) throw badArgument("variable_ids")
  const found = new Map(
    ids.flatMap((id) => {
      const resource = call.state.resources.get(id)
      return resource === undefined ? [] : [[id, resource] as const]
    }),
  )
  for (const resource of found.values())
    if (!isAllowed(call.state, role, resource, "execute")) throw forbidden()
  if (found.size !== ids.length) throw missingValue(ids.find((id) => !found.has(id)) ?? "")

  const base64 = String(call.headers["accept-encoding"] ?? "").toLowerCase() === "base64"
  const values = [...found].map(([id, { secrets }]) => {
    const secret = secrets.at(-1)
    if (secret === undefined) throw missingValue(id)
    const bytes = Buffer.from(secret.base64, "base64")
    return [id, base64 ? inLines(bytes) : asText(bytes)]
  })
  return json(Object.fromEntries(values), 200, base64 ? { "content-encoding": "base64" } : {})
}

/** Ruby's: sixty characters a line, and a line break behind the last as well. */
function inLines(bytes: Buffer): string {
  return bytes.toString("base64").replaceAll(/.{1,60}/g, "$&\n")
}

function asText(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw refuse(
      406,
      "not_acceptable",
      "CONJ00072E Issue encoding secret into JSON format, try including 'Accept-Encoding: base64' header in request.",
    )
  }
}

function write(call: Call, id: string): Answer {
  const role = currentRole(call)
  const resource = authorized(call.state, role, id, "update")
  if (call.query.has("expirations")) return head(201)
  if (call.body.toString().trim() === "") throw badArgument("'value' may not be empty")
  addVersion(resource, call.body)
  return head(201)
}

/** The same value again makes no new version. */
export function addVersion({ secrets }: Resource, value: Buffer): void {
  const base64 = value.toString("base64")
  const latest = secrets.at(-1)
  if (latest?.base64 === base64) return
  secrets.push({ version: (latest?.version ?? 0) + 1, base64 })
  if (secrets.length > keptVersions) secrets.shift()
}
