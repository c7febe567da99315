import { isRootIn, rulesOf } from "./access.ts"
import { reachesInto } from "./policies.ts"
import { type Answer, type Call, permissionDenied, reply, VaultError } from "./protocol.ts"
import type { AuthMount, Mount } from "./state.ts"

/**
 * `sys/internal/ui/mounts/{path}`: what is mounted where `path` leads, for any token that may do something in that mount,
 * without a policy for this path itself. https://developer.hashicorp.com/vault/api-docs/system/internal-ui-mounts
 */
export function visibleMount(call: Call): Answer {
  const { namespace, rest, token } = call
  const path = `${rest.slice("internal/ui/mounts/".length).replace(/\/$/, "")}/`
  if (token === undefined) throw permissionDenied()
  const isAuth = path.startsWith("auth/")
  const table = new Map<string, Mount | AuthMount>(isAuth ? namespace.auth : namespace.mounts)
  const below = isAuth ? path.slice("auth/".length) : path
  const mountPath = longestPrefix(table.keys(), below)
  const mount = mountPath === undefined ? undefined : table.get(mountPath)
  if (mountPath === undefined || mount === undefined || !mayReach(call, (isAuth ? "auth/" : "") + mountPath))
    throw new VaultError(
      403,
      `preflight capability check returned 403, please ensure client's policies grant access to path "${path}"`,
    )
  return reply({ ...describeMount(mount), path: mountPath })
}

/** `sys/internal/ui/mounts`: for everyone, but listing only what the token, if there is one, can reach. */
export function visibleMounts(call: Call): Answer {
  const reachable = (table: Map<string, Mount | AuthMount>, prefix: string) =>
    mountTable(
      new Map([...table].filter(([path]) => call.token !== undefined && mayReach(call, prefix + path))),
    )
  return reply({
    auth: reachable(call.namespace.auth, "auth/"),
    secret: reachable(call.namespace.mounts, ""),
  })
}

function mayReach({ state, namespace, token }: Call, mountPath: string): boolean {
  if (token === undefined) return false
  return isRootIn(token, namespace.path) || reachesInto(rulesOf(state, token), namespace.path + mountPath)
}

/** The longest of the mount paths that `path` starts with. */
export function longestPrefix(mountPaths: Iterable<string>, path: string): string | undefined {
  return [...mountPaths]
    .filter((mountPath) => path.startsWith(mountPath))
    .sort((a, b) => a.length - b.length)
    .at(-1)
}

export const mountTable = (table: Map<string, Mount | AuthMount>): Record<string, object> =>
  Object.fromEntries([...table].map(([path, mount]) => [path, describeMount(mount)]))

function describeMount(mount: Mount | AuthMount) {
  return {
    accessor: mount.accessor,
    config: { default_lease_ttl: 0, force_no_cache: false, max_lease_ttl: 0 },
    description: mount.description,
    external_entropy_access: false,
    local: mount.type === "cubbyhole",
    options: "version" in mount ? { version: String(mount.version) } : null,
    plugin_version: "",
    seal_wrap: false,
    type: mount.type,
    uuid: mount.uuid,
  }
}
