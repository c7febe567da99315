import type { Json } from "../../../core/json.ts"
import { type Answer, type Call, listing, noContent, notFound, reply, VaultError } from "./protocol.ts"
import type { Mount } from "./state.ts"
import { defaultTtl } from "./tokens.ts"
import { parseExactly, seconds, sorted } from "./values.ts"

type Kv1 = Extract<Mount, { version: 1 }>

/** https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v1: one value a path, numbers kept as they were written. */
export function kvVersion1({ operation, rest, body, text }: Call, mount: Kv1): Answer | undefined {
  switch (operation) {
    case "list":
      return listing(mount.values.keys(), rest)
    case "read": {
      const stored = mount.values.get(rest)
      if (stored === undefined) throw notFound()
      const data = parseExactly(stored) as { [key: string]: Json }
      return reply(data, { lease_duration: refreshInterval(data) })
    }
    case "create":
    case "update":
      if (Object.keys(body).length === 0) throw new VaultError(400, "missing data fields")
      if (rest === "" || rest.endsWith("/")) throw new VaultError(400, "cannot write to a path ending in '/'")
      mount.values.set(rest, JSON.stringify(sorted(parseExactly(text))))
      return noContent
    case "delete":
      mount.values.delete(rest)
      return noContent
    default:
      return undefined
  }
}

/** A secret can say itself how long its readers should keep it, as `ttl` or `lease`. */
function refreshInterval({ ttl, lease }: { [key: string]: Json }): number {
  try {
    return seconds(ttl ?? lease, defaultTtl)
  } catch {
    return defaultTtl
  }
}

/** The existence check that tells a `create` from an `update`. */
export const kv1Exists = (mount: Kv1, rest: string): boolean => mount.values.has(rest)
