import type { Clock } from "../../../core/clock.ts"
import { isObject, type Json } from "../../../core/json.ts"
import { isRootIn, rulesOf } from "./access.ts"
import { isLogin, serveAuth } from "./auth.ts"
import { exists, serveEngine } from "./engines.ts"
import type { Faults, OperationName } from "./faults.ts"
import { capabilitiesAt } from "./policies.ts"
import {
  type Answer,
  type Call,
  invalidToken,
  type Operation,
  permissionDenied,
  unsupportedOperation,
  VaultError,
} from "./protocol.ts"
import { health, sealStatus, unseal } from "./seal.ts"
import type { AuthMount, Mount, Namespace, VaultState } from "./state.ts"
import { liveToken, spendUse } from "./tokens.ts"
import { longestPrefix } from "./ui-mounts.ts"

/** An HTTP request below `/v1/`, read whole. */
export interface VaultRequest {
  method: string
  /** Decoded, without `/v1/` in front. */
  path: string
  query: URLSearchParams
  token?: string
  namespace?: string
  contentType: string
  text: string
}

export interface World {
  state: VaultState
  clock: Clock
  faults: Faults
}

/** Where a request leads, as far as that can be told without a token. */
interface Place {
  namespace: Namespace
  path: string
  mountPath: string
  rest: string
  mount?: Mount
  auth?: AuthMount
}

/** Answers as Vault would: sealed, then namespace, then body, then token and policies, then the engine. @throws VaultError */
export async function answer(request: VaultRequest, world: World, sealedByFault: boolean): Promise<Answer> {
  const { state, clock, faults } = world
  const { query, text } = request
  const sealed = state.sealed || sealedByFault
  const body = parseBody(request)
  const open = openSystem(request, world, sealed, body)
  if (open !== undefined) return open
  if (sealed) throw new VaultError(503, "Vault is sealed")
  const place = locate(state, request)
  const operation = operationOf(request)
  const call: Call = { state, clock, faults, query, body, text, operation, ...place }
  const needsToken = !(place.auth !== undefined && isLogin(place.auth, place.rest)) && !isOpen(place.path)
  authorize(call, place, request.token, needsToken)
  if (place.mount === undefined && place.auth === undefined)
    throw new VaultError(404, `no handler for route "${place.path}". route entry not found.`)
  const answered = place.auth
    ? await serveAuth(call, place.auth)
    : place.mount && serveEngine(call, place.mount)
  if (answered === undefined) throw unsupportedOperation()
  return answered
}

/** What can be asked of a sealed server too. Only the root namespace has these. */
function openSystem(
  { path, method, namespace, query }: VaultRequest,
  { state, clock }: World,
  sealed: boolean,
  body: { [key: string]: Json },
): Answer | undefined {
  const wanted = `${method === "POST" ? "PUT" : method} ${path}`
  if (!/ sys\/(?:health|seal-status|unseal|leader|init)$/.test(wanted)) return undefined
  if (namespace) throw new VaultError(400, "operation unavailable in namespaces")
  switch (wanted) {
    case "GET sys/health":
    case "HEAD sys/health":
      return health(state, sealed, query, clock.now())
    case "GET sys/seal-status":
      return sealStatus(state, sealed)
    case "PUT sys/unseal":
      return unseal(state, body)
    case "GET sys/leader":
      return { status: 200, body: { ha_enabled: false } }
    case "GET sys/init":
      return { status: 200, body: { initialized: true } }
    default:
      throw new VaultError(405)
  }
}

/** `sys/internal/ui/mounts` is for everyone, and its entries for every token whatever its policies. */
const isOpen = (path: string) => path.replace(/\/$/, "") === "sys/internal/ui/mounts"
const needsNoPolicy = (path: string) => path.startsWith("sys/internal/ui/mounts/")

/** Paths that need `sudo` besides. */
const isRootProtected = (path: string, operation: Operation) =>
  path === "sys/seal" ||
  path === "auth/token/create-orphan" ||
  (path.startsWith("sys/auth/") && operation !== "read")

function parseBody({ method, contentType, text }: VaultRequest): { [key: string]: Json } {
  if (method === "PATCH" && !contentType.startsWith("application/merge-patch+json"))
    throw new VaultError(
      415,
      `PATCH requires Content-Type of application/merge-patch+json, provided ${contentType}`,
    )
  if (method === "GET" || method === "HEAD" || method === "LIST" || text.trim() === "") return {}
  let body: Json
  try {
    body = JSON.parse(text)
  } catch {
    // V8's message quotes the text, which may hold a secret.
    throw new VaultError(400, "failed to decode JSON input: invalid character")
  }
  if (isObject(body)) return body
  const kind = Array.isArray(body) ? "array" : typeof body
  throw new VaultError(
    400,
    `failed to decode JSON input: json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`,
  )
}

function operationOf({ method, query }: VaultRequest): Operation {
  switch (method) {
    case "GET":
      return query.get("list") === "true" ? "list" : "read"
    case "LIST":
      return "list"
    case "PUT":
    case "POST":
      return "update"
    case "PATCH":
      return "patch"
    case "DELETE":
      return "delete"
    default:
      throw new VaultError(405)
  }
}

/** The namespace from the header, then from the path, then the mount. @throws VaultError 404 */
function locate(state: VaultState, request: VaultRequest): Place {
  const header = request.namespace?.replace(/^\/+|\/+$/g, "")
  const base = header ? `${header}/` : ""
  if (!state.namespaces.has(base)) throw new VaultError(404, "namespace not found")
  const full = base + request.path
  const namespacePath = longestPrefix(state.namespaces.keys(), full) ?? ""
  const namespace = state.namespaces.get(namespacePath)
  if (namespace === undefined) throw new VaultError(404, "namespace not found")
  const lists = request.method === "LIST" || request.query.get("list") === "true"
  const bare = full.slice(namespacePath.length)
  const path = lists && !bare.endsWith("/") ? `${bare}/` : bare
  // `secret` alone means the mount too.
  const searched = path.endsWith("/") ? path : `${path}/`
  if (path.startsWith("auth/")) {
    const found = longestPrefix(namespace.auth.keys(), searched.slice("auth/".length)) ?? ""
    const mountPath = `auth/${found}`
    const auth = namespace.auth.get(found)
    return { namespace, path, mountPath, rest: path.slice(mountPath.length), ...(auth ? { auth } : {}) }
  }
  const mountPath = longestPrefix(namespace.mounts.keys(), searched) ?? ""
  const mount = namespace.mounts.get(mountPath)
  return { namespace, path, mountPath, rest: path.slice(mountPath.length), ...(mount ? { mount } : {}) }
}

/** Finds the token, takes one of its uses, and asks its policies. @throws VaultError 403 */
function authorize(call: Call, place: Place, id: string | undefined, needsToken: boolean): void {
  const { state, clock, namespace } = call
  const token = id ? liveToken(state, clock, id) : undefined
  if (token !== undefined) call.token = token
  if (call.operation === "update" && place.mount && !exists(place.mount, place.rest, token))
    call.operation = "create"
  if (!needsToken) return
  if (token === undefined) throw id ? invalidToken() : new VaultError(403, "permission denied")
  spendUse(state, token)
  if (isRootIn(token, namespace.path) || needsNoPolicy(place.path)) return
  const granted = capabilitiesAt(rulesOf(state, token), namespace.path + place.path, call.operation)
  if (!granted.has(call.operation)) throw permissionDenied()
  if (isRootProtected(place.path, call.operation) && !granted.has("sudo")) throw permissionDenied()
}

/** What kind of request this is, for counting and for faults; decided before it is answered. */
export function nameOf(request: VaultRequest, state: VaultState): OperationName {
  if (request.path === "sys/health") return "health"
  try {
    const { auth, mount, rest, path } = locate(state, request)
    const operation = operationOf(request)
    if (needsNoPolicy(path)) return "mount"
    if (auth !== undefined) {
      if (isLogin(auth, rest)) return "login"
      return auth.type === "token" && rest === "lookup-self" ? "lookup-self" : "other"
    }
    if (mount === undefined || mount.type === "system" || mount.type === "identity") return "other"
    if (operation === "list") return "list"
    if (operation === "delete") return "delete"
    if (operation !== "read") return "write"
    if (mount.type === "kv" && mount.version === 2) {
      if (rest.startsWith("metadata/")) return "metadata"
      if (rest.startsWith("subkeys/")) return "subkeys"
    }
    return "read"
  } catch {
    return "other"
  }
}
