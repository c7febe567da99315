import { expect, vi } from "vitest"
import { ProviderError } from "../../core/errors.ts"
import type { BrowsePage } from "../../core/providers/provider.ts"
import type { RecordingProxy } from "./proxy.ts"
import type { Ability, Browsing, TestServer, Written } from "./subject.ts"

type Entry = BrowsePage["data"][number]

interface Connection {
  browse(prefix: string, cursor?: string, until?: AbortSignal): Promise<BrowsePage>
  resolve(...secrets: readonly Pick<Written, "path">[]): Promise<string[]>
  deps: { sessions: { logins: number } }
}

/** What the suite lends these tests. */
interface Parts {
  server(): TestServer
  proxy(): RecordingProxy
  connect(config: Record<string, unknown>): Connection
  testWhere(needed: Ability | readonly Ability[], name: string, body: () => Promise<void>): void
}

/** What every provider that lists names promises of it. */
export function browsing({ server, proxy, connect, testWhere }: Parts): void {
  const where = (): Browsing => {
    const { browsing } = server()
    if (browsing) return browsing
    throw new Error(
      "The test server says nothing of `browsing`: write it, or say in `cannot` why it has none.",
    )
  }
  const lister = () => connect(where().config(proxy().url))

  testWhere("browse", "leads from the root to every secret, by paths that resolve", async () => {
    const { browse, resolve } = lister()
    const found = (await everything(browse, "", where().long.prefix)).filter(({ kind }) => kind === "secret")
    const { lists = () => true } = where()
    const secrets = written(server()).filter(({ path }) => lists(path))
    expect(secrets.length).toBeGreaterThan(3)
    expect(found.map(({ path }) => path)).toEqual(expect.arrayContaining(secrets.map(({ path }) => path)))
    expect(await resolve(...secrets)).toEqual(secrets.map(({ value }) => value))
  })

  testWhere("browse", "shows names, never values", async () => {
    const { browse } = lister()
    const found = JSON.stringify(await everything(browse, "", where().long.prefix))
    for (const { value } of written(server()).filter(({ value }) => value.length > 7))
      expect(found).not.toContain(value)
  })

  testWhere(
    "browse",
    "comes in pages where there is much, with nothing twice and nothing left out",
    async () => {
      const { prefix, names } = where().long
      const first = await lister().browse(prefix)
      expect(first.next).toBeDefined()
      const all = await pages(lister().browse, prefix)
      expect(all.map(({ name }) => name).sort()).toEqual([...names].sort())
    },
  )

  testWhere(["browse", "wrongCredentials"], "needs credentials that are right", async () => {
    const browsing = connect(server().wrongConfig(proxy().url)).browse("")
    await expect(browsing).rejects.toMatchObject({ reason: "BAD_CREDENTIALS" })
  })

  testWhere(
    ["browse", "deniedBrowse"],
    "is denied without the right to list, and the session goes on",
    async () => {
      const { browse, resolve, deps } = connect(server().config(proxy().url))
      await expect(browse(where().denied ?? "")).rejects.toMatchObject({ reason: "PERMISSION_DENIED" })
      const [first] = server().siblings
      expect(await resolve(first)).toEqual([first.value])
      expect(deps.sessions.logins).toBeLessThanOrEqual(1)
    },
  )

  testWhere(["browse", "expireSessions"], "renews an expired session, once", async () => {
    const { browse, deps } = lister()
    const before = await browse("")
    await server().expireSessions?.()
    expect(await browse("")).toEqual(before)
    expect(deps.sessions.logins).toBe(2)
  })

  testWhere("browse", "stops with an abort", async () => {
    const { browse } = lister()
    await browse("")
    const abort = new AbortController()
    proxy().decide(() => "hang")
    const sent = proxy().requests.length
    const rejected = expect(browse("", undefined, abort.signal)).rejects.toThrow("the caller left")
    await vi.waitFor(() => expect(proxy().requests.length).toBeGreaterThan(sent), { interval: 5 })
    abort.abort(new Error("the caller left"))
    await rejected
  })
}

/** What can be found by its path alone. */
const written = ({ siblings, others }: TestServer) =>
  [...siblings, ...others].filter(({ options }) => options === undefined)

async function pages(browse: Connection["browse"], prefix: string): Promise<Entry[]> {
  const entries: Entry[] = []
  let cursor: string | undefined
  do {
    const { data, next } = await browse(prefix, cursor)
    entries.push(...data)
    cursor = next
  } while (cursor !== undefined)
  return entries
}

/** Every entry from a prefix on. What is denied or deleted has none below it; `leaf` is not gone into. */
async function everything(browse: Connection["browse"], prefix: string, leaf: string): Promise<Entry[]> {
  const entries = await pages(browse, prefix).catch((error: unknown) => {
    const nothing = error instanceof ProviderError && ["PERMISSION_DENIED", "DELETED"].includes(error.reason)
    if (nothing && prefix !== "") return []
    throw error
  })
  const folders = entries.filter(({ kind, path }) => kind === "folder" && path !== leaf)
  const below = await Promise.all(folders.map(({ path }) => everything(browse, path, leaf)))
  return [...entries, ...below.flat()]
}
