import { ProviderError } from "../../errors.ts"
import { isObject, type Json } from "../../json.ts"
import type { Secret } from "../../secret.ts"
import { offsetIn, pageFrom } from "../listing-page.ts"
import type { BrowsePage, Session } from "../provider.ts"
import { isVaults, listIn, objectIn, unexpected } from "./answers.ts"
import { type Engine, engineOf, lookUpMount, type Mounts, mountOf, notedMounts } from "./mounts.ts"
import { encodePath, folderOf } from "./path.ts"
import { contentOf, missing, notKv, otherVersion } from "./reading.ts"
import type { Vault, VaultAnswer } from "./transport.ts"

const operation = "list secrets"

export interface Browsing {
  page: BrowsePage
  /** The mounts that Vault was asked for. */
  learnt: Mounts
}

interface Request {
  vault: Vault
  token: Secret
  /** What a 403 means for this session: `PERMISSION_DENIED` or `BAD_CREDENTIALS`. Asked at most once. */
  refusal: () => Promise<ProviderError>
  signal: AbortSignal
}

/** What Vault has at a path: names, or why there are none. */
type Names = string[] | "forbidden" | "missing" | ProviderError

/**
 * Lists what lies directly below a prefix. Without one these are the KV mounts that the token can reach, then folders. A
 * name that Vault lists may be a secret, a folder, or both: either way it is a folder here, a secret being that of its keys.
 * @throws ProviderError `INVALID_PATH`, `WRONG_ENGINE`, `NOT_FOUND`, `DELETED`, `PERMISSION_DENIED`; `BAD_CREDENTIALS`
 *   where Vault no longer accepts the token
 */
export async function browseVault({
  prefix,
  cursor,
  session,
  now,
  ...rest
}: Omit<Request, "token"> & {
  prefix: string
  cursor: string | undefined
  session: Session
  now: number
}): Promise<Browsing> {
  const request = { ...rest, token: session.token }
  const from = offsetIn(cursor)
  const learnt = new Map<string, Engine>()
  const entries =
    prefix === ""
      ? await listMounts(request)
      : await listBelow(request, folderOf(prefix), notedMounts(session.notes, now), learnt)
  return { page: pageFrom(from, entries), learnt }
}

/** The KV mounts that the token can reach; a path of version 2 has `data/` behind the mount. */
async function listMounts({ vault, token, refusal, signal }: Request): Promise<BrowsePage["data"]> {
  const asking = { operation: "list mounts", token, signal }
  const answer = await vault.read("sys/internal/ui/mounts", asking)
  if (answer.status === 403) throw await deniedOr(refusal)
  const mounts = answer.status === 200 && objectIn(objectIn(answer.body, "data"), "secret")
  if (!mounts) throw unexpected(answer, asking.operation)
  const entries = Object.entries(mounts).flatMap(([path, mount]): BrowsePage["data"] => {
    const engine = isObject(mount) ? engineOf(mount) : "other"
    if (engine === "other" || !isFolder(path)) return []
    return [asFolder(engine === "kv2" ? `${path}data/` : path, path.replace(/\/$/, ""))]
  })
  if (entries.length > 0) return entries.sort((a, b) => (a.path < b.path ? -1 : 1))
  // Vault answers so to a token that it no longer accepts too, as to nobody; OpenBao with 403.
  const error = await refusal()
  if (error.reason !== "PERMISSION_DENIED") throw error
  return []
}

async function listBelow(
  request: Request,
  folder: string,
  known: Mounts,
  learnt: Map<string, Engine>,
): Promise<BrowsePage["data"]> {
  const encoded = `${encodePath(folder)}/`
  const mount = mountOf(encoded, known) ?? (await findMount(request, encoded, learnt))
  const inner = encoded.slice(mount.path.length)
  const { rest, base } = withinMount(mount.engine, inner, folder)

  const [below, keys] = await Promise.all([
    listNames(request, `${mount.path}${mount.engine === "kv2" ? "metadata/" : ""}${rest}`),
    rest === "" ? Promise.resolve<Names>("missing") : listKeys(request, mount, rest.slice(0, -1)),
  ])
  // A mount that has nothing yet.
  if (rest === "" && below === "missing") return []
  if (!Array.isArray(below) && !Array.isArray(keys)) throw await reasonOf(request, below, keys)

  const names = Array.isArray(below) ? below.map((name) => name.replace(/\/$/, "")) : []
  const folders = [...new Set(names)].map((name) => asFolder(`${base}${name}/`, name))
  const secrets = (Array.isArray(keys) ? keys : [])
    // With a slash in it, it would be another path.
    .filter((key) => key !== "" && !key.includes("/"))
    .map((key) => ({ path: base + key, name: key, kind: "secret" as const }))
  return [...folders.filter(({ path }) => isFolder(path)), ...secrets]
}

async function findMount(
  { vault, token, refusal, signal }: Request,
  encoded: string,
  learnt: Map<string, Engine>,
): Promise<{ path: string; engine: Engine }> {
  const mount = await lookUpMount(vault, encoded.slice(0, -1), token, signal)
  if (mount === "forbidden") throw await deniedOr(refusal)
  if (!encoded.startsWith(mount.path)) throw notKv()
  learnt.set(mount.path, mount.engine)
  return mount
}

/** Where a folder lies in its mount, encoded and with a slash behind, and what the paths of its entries begin with. */
function withinMount(engine: Engine, inner: string, folder: string): { rest: string; base: string } {
  if (engine === "other") throw notKv()
  if (engine === "kv1") return { rest: inner, base: `${folder}/` }
  if (inner === "") return { rest: "", base: `${folder}/data/` }
  if (!inner.startsWith("data/")) throw otherVersion("2", "mount/data/path/key")
  return { rest: inner.slice("data/".length), base: `${folder}/` }
}

async function listNames({ vault, token, signal }: Request, path: string): Promise<Names> {
  const answer = await vault.read(`${path}?list=true`, { operation, token, signal })
  if (answer.status === 403) return "forbidden"
  if (answer.status === 404 && isVaults(answer)) return "missing"
  const keys = answer.status === 200 ? objectIn(answer.body, "data")?.keys : undefined
  if (!Array.isArray(keys)) throw unexpected(answer, operation)
  return keys.filter((key) => typeof key === "string")
}

/** The keys of a secret: without values where Vault can do that and the policy grants it, else from a plain read. */
async function listKeys(
  request: Request,
  mount: { path: string; engine: Engine },
  path: string,
): Promise<Names> {
  if (mount.engine === "kv1") return keysIn(await ask(request, mount.path + path), "kv1")
  const answer = await ask(request, `${mount.path}subkeys/${path}?depth=1`)
  const subkeys = answer.status === 200 ? objectIn(objectIn(answer.body, "data"), "subkeys") : undefined
  if (subkeys) return Object.keys(subkeys)
  // Before 1.10 there are no subkeys, which Vault says in a warning.
  const unknown = answer.status === 404 && listIn(answer, "warnings")?.length
  if (answer.status !== 403 && !unknown) return keysIn(answer, "kv2")
  return keysIn(await ask(request, `${mount.path}data/${path}`), "kv2")
}

const ask = ({ vault, token, signal }: Request, path: string) =>
  vault.read(path, { operation: "list the keys of a secret", token, signal })

function keysIn(answer: VaultAnswer, engine: Engine): Names {
  if (answer.status === 403) return "forbidden"
  if (answer.status !== 404) return Object.keys(contentOf(answer, engine).content as { [key: string]: Json })
  const error = missing(answer, objectIn(answer.body, "data"))
  return error.reason === "NOT_FOUND" ? "missing" : error
}

/** Why there is nothing to list. */
async function reasonOf({ refusal }: Request, below: Names, keys: Names): Promise<ProviderError> {
  if (keys instanceof ProviderError) return keys
  if (below === "forbidden" || keys === "forbidden") return deniedOr(refusal)
  return new ProviderError("NOT_FOUND", "Vault has nothing at this prefix. Check it, and the namespace.", {
    upstream: { operation, status: 404 },
  })
}

async function deniedOr(refusal: () => Promise<ProviderError>): Promise<ProviderError> {
  const error = await refusal()
  if (error.reason !== "PERMISSION_DENIED") return error
  const message =
    "Vault forbids listing here, or has no such mount. Browsing needs `list` on `mount/metadata/…`, with KV version 1 on `mount/…`; resolving does not."
  return new ProviderError("PERMISSION_DENIED", message, { upstream: { operation, status: 403 } })
}

const asFolder = (path: string, name: string) => ({ path, name, kind: "folder" as const })

/** Whether a path can be listed in turn. */
function isFolder(path: string): boolean {
  try {
    folderOf(path)
    return true
  } catch {
    return false
  }
}
