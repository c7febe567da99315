import type { Json } from "../../../core/json.ts"
import { isRootIn, rulesOf } from "./access.ts"
import { newAuthMount, newMount } from "./mounting.ts"
import { capabilitiesAt, parsePolicy } from "./policies.ts"
import {
  type Answer,
  type Call,
  listing,
  noContent,
  notFound,
  permissionDenied,
  reply,
  unsupportedPath,
  VaultError,
} from "./protocol.ts"
import { newNamespace } from "./state.ts"
import { mountTable, visibleMount, visibleMounts } from "./ui-mounts.ts"
import { strings, text } from "./values.ts"

/** `sys/...`, what of it a client with a token may ask: https://developer.hashicorp.com/vault/api-docs/system */
export function system(call: Call): Answer | undefined {
  const { operation, rest, namespace } = call
  const [first = "", ...below] = rest.replace(/\/$/, "").split("/")
  const name = below.join("/")
  const writes = operation === "update" || operation === "create"
  if (rest === "internal/ui/mounts" && operation === "read") return visibleMounts(call)
  if (rest.startsWith("internal/ui/mounts/") && operation === "read") return visibleMount(call)
  switch (first) {
    case "seal":
      if (!writes || name !== "") return undefined
      call.state.sealed = true
      return noContent
    case "mounts":
      if (operation === "read" && name === "") return flat(mountTable(namespace.mounts))
      return name === "" ? undefined : changeMounts(call, `${name}/`)
    case "auth":
      if (operation === "read" && name === "") return flat(mountTable(namespace.auth))
      return name === "" ? undefined : changeAuth(call, `${name}/`)
    case "policy":
    case "policies":
      return policies(call, first === "policy" ? name : name.replace(/^acl\/?/, ""), first === "policy")
    case "namespaces":
      return namespaces(call, name)
    case "capabilities-self":
      return writes ? capabilities(call) : undefined
    default:
      throw unsupportedPath()
  }
}

/** Some of the oldest answers have their data twice: under `data` and, for the first clients, beside the envelope. */
function flat(data: object): Answer {
  const answer = reply(data)
  return { ...answer, body: { ...data, ...answer.body } }
}

function changeMounts({ operation, body, namespace }: Call, path: string): Answer | undefined {
  if (operation === "delete") {
    namespace.mounts.delete(path)
    return noContent
  }
  if (operation !== "update" && operation !== "create") return undefined
  if ([...namespace.mounts.keys()].some((taken) => taken.startsWith(path) || path.startsWith(taken)))
    throw new VaultError(400, `path is already in use at ${path}`)
  const mount = newMount(body)
  if (mount === undefined) throw noPlugin(body.type)
  namespace.mounts.set(path, mount)
  return noContent
}

function changeAuth({ operation, body, namespace }: Call, path: string): Answer | undefined {
  if (operation === "delete") {
    namespace.auth.delete(path)
    return noContent
  }
  if (operation !== "update" && operation !== "create") return undefined
  if (namespace.auth.has(path)) throw new VaultError(400, `path is already in use at ${path}`)
  const mount = newAuthMount(text(body.type), text(body.description))
  if (mount === undefined) throw noPlugin(body.type)
  namespace.auth.set(path, mount)
  return noContent
}

const noPlugin = (type: Json | undefined) =>
  new VaultError(
    400,
    `plugin not found in the catalog: ${text(type)}; the sandbox has kv, database, approle, userpass and jwt`,
  )

/** `sys/policies/acl/{name}`, and `sys/policy/{name}` as it was before, which clients still use. */
function policies({ operation, body, namespace }: Call, name: string, old: boolean): Answer | undefined {
  if (name === "") {
    const keys = [...namespace.policies.keys(), "root"].sort()
    if (operation === "list") return listing(keys, "")
    return old && operation === "read" ? flat({ keys, policies: keys }) : undefined
  }
  if (operation === "read") {
    const policy = name === "root" ? "" : namespace.policies.get(name)
    if (policy === undefined) throw notFound()
    return old ? flat({ name, rules: policy }) : reply({ name, policy })
  }
  if (operation === "delete") {
    namespace.policies.delete(name)
    return noContent
  }
  if (operation !== "update" && operation !== "create") return undefined
  const policy = text(body.policy) || text(body.rules)
  if (name === "root") throw new VaultError(400, 'cannot update "root" policy')
  try {
    parsePolicy(policy)
  } catch (error) {
    throw new VaultError(400, `failed to parse policy: ${error instanceof Error ? error.message : "?"}`)
  }
  namespace.policies.set(name, policy)
  return noContent
}

/** https://developer.hashicorp.com/vault/api-docs/system/namespaces */
function namespaces({ operation, state, namespace }: Call, name: string): Answer | undefined {
  const path = `${namespace.path}${name}/`
  const describe = (found = state.namespaces.get(path)) => {
    if (found === undefined) throw notFound()
    return reply({ custom_metadata: {}, id: found.id, path: found.path })
  }
  if (name === "")
    return operation === "list"
      ? listing([...state.namespaces.keys()].filter(Boolean), namespace.path)
      : undefined
  if (operation === "read") return describe()
  if (operation === "delete") {
    state.namespaces.delete(path)
    return noContent
  }
  if (operation !== "update" && operation !== "create") return undefined
  if (!state.namespaces.has(path)) state.namespaces.set(path, newNamespace(path))
  return describe()
}

/** https://developer.hashicorp.com/vault/api-docs/system/capabilities-self */
function capabilities({ body, token, state, namespace }: Call): Answer {
  if (token === undefined) throw permissionDenied()
  const rules = rulesOf(state, token)
  const at = (path: string) => {
    if (isRootIn(token, namespace.path)) return ["root"]
    const granted = [...capabilitiesAt(rules, namespace.path + path)].sort()
    return granted.length > 0 ? granted : ["deny"]
  }
  const [path = "", ...more] = strings(body.paths ?? body.path)
  const found = Object.fromEntries([path, ...more].map((each) => [each, at(each)]))
  return flat(more.length === 0 ? { ...found, capabilities: at(path) } : found)
}
