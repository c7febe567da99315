import { audited } from "../audit/audited.ts"
import { type Caller, eventOf } from "../audit/caller.ts"
import { assertProject } from "../auth/access.ts"
import { kindsOf } from "../auth/principal.ts"
import type { Clock } from "../clock.ts"
import { hostOf } from "../connections/config.ts"
import { failureOf, pathNotAllowed, secretFailed } from "../connections/failures.ts"
import type { ConnectionFinder } from "../connections/find.ts"
import type { Opener } from "../connections/open.ts"
import { providerOf } from "../connections/provider-of.ts"
import type { RateLimit } from "../connections/rate-limit.ts"
import type { SessionBook } from "../connections/sessions.ts"
import type { ConnectionUse } from "../connections/use.ts"
import { configViewOf } from "../connections/view.ts"
import type { Browsed, BrowsedName } from "../contract/operations/browse.ts"
import { createCursors } from "../crypto/cursor.ts"
import { LatchkeyError, ProviderError } from "../errors.ts"
import { limits } from "../limits.ts"
import type { BrowsePage, Provider } from "../providers/provider.ts"
import type { OptionalRedis } from "../redis/optional.ts"
import { type AllowedPaths, allowedPaths } from "../references/allowed-paths.ts"
import { escapePath } from "../references/escapes.ts"
import { createBrowseCache, type PageKey } from "./browse-cache.ts"
import { refuseLargeReply } from "./reply-size.ts"

export interface BrowseInput {
  /** The path of a folder. @default the root */
  prefix?: string
  cursor?: string
  projectId?: string
}

/**
 * Lists the names directly below a prefix, for people who pick secrets; never values. Where an admin names no project, the
 * connection may be any of the platform's; else the named project must be able to use it.
 * @throws LatchkeyError `SECRET_MANAGER_GET_SECRET_FAILED` with the reason, `PATH_NOT_ALLOWED` before anything is asked;
 *   `PAYLOAD_TOO_LARGE` where the reply would be;
 *   `VALIDATION` where the provider cannot be browsed, or for a cursor of another list
 */
export function createBrowse(deps: {
  finder: ConnectionFinder
  redis: OptionalRedis
  sessions: SessionBook
  opener: Opener
  rateLimit: RateLimit
  clock: Clock
  /** Bound on asking the secret manager for one page, in milliseconds. */
  askMs: number
}) {
  const { finder, redis, sessions, opener, rateLimit, clock, askMs } = deps
  const cursors = createCursors<string>({ clock })
  const cache = createBrowseCache({ redis, clock })

  return async function browse(
    caller: Caller,
    id: string,
    { prefix = "", cursor, projectId }: BrowseInput,
  ): Promise<Browsed> {
    const { principal } = caller
    assertProject(principal, projectId)
    const finding = finder.findUsable(caller, id, projectId)
    // The record of the request names the host, so this much comes before it; why there is none, after.
    const host = await finding.then((use) => hostOf(configViewOf(use))).catch(() => undefined)
    const event = {
      ...eventOf(caller, "secret.browse", id, host),
      ...(projectId !== undefined && { projectId }),
      paths: [{ path: prefix, count: 1 }],
    }
    return audited(caller.audit, event, async () => {
      const use = await finding
      await rateLimit.take(principal.platformId, use.keys)
      const provider = providerOf(use.record.providerId)
      const allowed = allowedPaths(use.record.settings.allowedPaths, projectId)
      if (!allowed.allowsBelow(prefix)) throw secretFailed(pathNotAllowed(), use.record)
      const scope = {
        platformId: principal.platformId,
        operation: "browse",
        kind: kindsOf(principal).join(),
        filters: [id, prefix, projectId ?? ""],
      }
      const from = cursor === undefined ? undefined : cursors.read(use.keys, scope, cursor)
      const { data, next } = await pageOf(use, provider, { prefix, cursor: from }, caller.signal)
      const browsed = {
        data: data.flatMap((entry) => shown(entry, provider, allowed)),
        next: next === undefined ? null : cursors.write(use.keys, scope, next),
      }
      // How long names are, and how many, is the secret manager's word.
      refuseLargeReply(browsed, { bytes: limits.listReply, enveloped: true })
      return browsed
    })
  }

  async function pageOf(
    use: ConnectionUse,
    provider: Provider,
    key: PageKey,
    signal: AbortSignal,
  ): Promise<BrowsePage> {
    const known = await cache.read(use, key)
    if (known) return known
    const askedAt = clock.now()
    const page = await ask(use, provider, key, AbortSignal.any([signal, clock.timeout(askMs)]))
    await cache.write(use, key, page, askedAt)
    return page
  }

  async function ask(
    use: ConnectionUse,
    provider: Provider,
    { prefix, cursor }: PageKey,
    signal: AbortSignal,
  ): Promise<BrowsePage> {
    const { record } = use
    const shared = record.settings.cacheTtlSeconds > 0
    const over = new AbortController()
    try {
      const client = await opener.saved(record, { sessions: sessions.of(use, { shared }) }, signal)
      if (!client.browse) throw cannotBrowse(provider)
      return await client.browse(prefix, cursor, AbortSignal.any([signal, over.signal]))
    } catch (error) {
      if (error instanceof LatchkeyError) throw error
      throw secretFailed(failureOf(error, signal), record)
    } finally {
      // Where one request of a page fails, another may still be under way.
      over.abort()
    }
  }
}

/** The entry as it may be shown, or nothing: not allowed, or nothing that a reference could name. */
function shown(entry: BrowsedName, provider: Provider, allowed: AllowedPaths): BrowsedName[] {
  if (entry.kind === "folder") return allowed.allowsBelow(entry.path) ? [entry] : []
  const path = escapePath(entry.path)
  const canonical = canonicalPath(entry.path, provider)
  const fits = [...path].length <= limits.pathCharacters
  return fits && canonical !== undefined && allowed.allows(canonical) ? [{ ...entry, path }] : []
}

function canonicalPath(path: string, provider: Provider): string | undefined {
  try {
    return provider.parsePath(path, {}).path
  } catch (error) {
    if (error instanceof ProviderError) return undefined
    throw error
  }
}

function cannotBrowse({ name }: Provider): LatchkeyError {
  return new LatchkeyError(
    "VALIDATION",
    `Latchkey cannot list what is in ${name}. Write the path of the secret into the reference by hand.`,
    { issues: [{ pointer: "/id", message: "is a connection that cannot be browsed" }] },
  )
}
