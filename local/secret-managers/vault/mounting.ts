import type { Json } from "../../../core/json.ts"
import { type AuthMount, type Mount, mounted } from "./state.ts"

/** An empty secret engine as `sys/mounts/{path}` asks for it; undefined where the sandbox has none of that type. */
export function newMount(body: { [key: string]: Json }): Mount | undefined {
  const description = typeof body.description === "string" ? body.description : ""
  const options = body.options as { version?: string | number } | undefined
  const version = String(options?.version ?? "1")
  switch (body.type) {
    case "kv":
    case "generic":
      return version === "2" ? kv2(description) : kv1(description)
    case "kv-v2":
      return kv2(description)
    case "kv-v1":
      return kv1(description)
    case "database":
      return { type: "database", roles: new Map(), ...mounted("database", description) }
    default:
      return undefined
  }
}

/** An empty auth method as `sys/auth/{path}` asks for it, likewise. */
export function newAuthMount(type: string, description = ""): AuthMount | undefined {
  const named = mounted(`auth_${type}`, description)
  switch (type) {
    case "approle":
      return { type, roles: new Map(), ...named }
    case "userpass":
      return { type, users: new Map(), ...named }
    case "aws":
      return { type, serverId: "", stsEndpoint: "", roles: new Map(), principals: new Map(), ...named }
    case "jwt":
    case "oidc":
      return { type: "jwt", publicKeys: [], boundIssuer: "", roles: new Map(), ...named }
    default:
      return undefined
  }
}

const kv1 = (description: string): Mount => ({
  type: "kv",
  version: 1,
  values: new Map(),
  ...mounted("kv", description),
})

const kv2 = (description: string): Mount => ({
  type: "kv",
  version: 2,
  entries: new Map(),
  maxVersions: 0,
  casRequired: false,
  ...mounted("kv", description),
})
