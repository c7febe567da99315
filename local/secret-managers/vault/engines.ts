import { randomUUID } from "node:crypto"
import { kv1Exists, kvVersion1 } from "./kv.ts"
import { kv2Exists, kvVersion2 } from "./kv2.ts"
import {
  type Answer,
  type Call,
  listing,
  noContent,
  notFound,
  permissionDenied,
  reply,
  VaultError,
} from "./protocol.ts"
import { type Mount, randomText, type Token } from "./state.ts"
import { system } from "./system.ts"
import { seconds } from "./values.ts"

/** What the engine answers, or undefined where it has no such path or operation. */
export function serveEngine(call: Call, mount: Mount): Answer | undefined {
  switch (mount.type) {
    case "kv":
      return mount.version === 1 ? kvVersion1(call, mount) : kvVersion2(call, mount)
    case "database":
      return database(call, mount)
    case "cubbyhole":
      return cubbyhole(call)
    case "system":
      return system(call)
    case "identity":
      return undefined
    default:
      return mount satisfies never
  }
}

/** Whether something is at the path already; engines that cannot tell say yes, and a write is an `update`. */
export function exists(mount: Mount, rest: string, token: Token | undefined): boolean {
  if (mount.type === "cubbyhole") return token?.cubbyhole.has(rest) ?? false
  if (mount.type !== "kv") return true
  if (mount.version === 1) return kv1Exists(mount, rest)
  return !/^(?:data|metadata)\//.test(rest) || kv2Exists(mount, rest)
}

/**
 * Enough of https://developer.hashicorp.com/vault/api-docs/secret/databases for an engine that makes a secret with every
 * read: the credentials are new each time, and leased. There is no database behind them.
 */
function database(call: Call, mount: Extract<Mount, { type: "database" }>): Answer | undefined {
  const { operation, rest, mountPath, body, clock, token } = call
  const [kind = "", name = "", ...below] = rest.replace(/\/$/, "").split("/")
  if (below.length > 0 || (kind !== "creds" && kind !== "roles")) return undefined
  if (name === "") return operation === "list" ? listing(mount.roles.keys(), "") : undefined
  const role = mount.roles.get(name)
  if (kind === "roles" && (operation === "update" || operation === "create")) {
    mount.roles.set(name, { ttl: seconds(body.default_ttl, 3600) })
    return noContent
  }
  if (operation !== "read") return undefined
  if (kind === "roles") {
    if (role === undefined) throw notFound()
    return reply({ db_name: "sandbox", default_ttl: role.ttl, max_ttl: 86_400, creation_statements: [] })
  }
  if (role === undefined) throw new VaultError(400, `unknown role: ${name}`)
  const username = `v-${token?.displayName ?? "token"}-${name}-${randomText(20)}-${Math.floor(clock.now() / 1000)}`
  return reply(
    { password: `fake-${randomUUID()}`, username },
    { lease_id: `${mountPath}creds/${name}/${randomText(24)}`, renewable: true, lease_duration: role.ttl },
  )
}

/** https://developer.hashicorp.com/vault/api-docs/secret/cubbyhole: every token has its own, gone with it. */
function cubbyhole({ operation, rest, body, token }: Call): Answer | undefined {
  if (token === undefined) throw permissionDenied()
  if (token.type === "batch")
    throw new VaultError(400, "cubbyhole operations are only supported by 'service' type tokens")
  switch (operation) {
    case "list":
      return listing(token.cubbyhole.keys(), rest)
    case "read": {
      const stored = token.cubbyhole.get(rest)
      if (stored === undefined) throw notFound()
      return reply(JSON.parse(stored))
    }
    case "create":
    case "update":
      if (Object.keys(body).length === 0) throw new VaultError(400, "missing data fields")
      token.cubbyhole.set(rest, JSON.stringify(body))
      return noContent
    case "delete":
      token.cubbyhole.delete(rest)
      return noContent
    default:
      return undefined
  }
}
