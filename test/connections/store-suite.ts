import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import type { ConnectionRecord } from "../../core/connections/connection.ts"
import type { ConnectionStore } from "../../core/connections/store.ts"
import { newNonce, newRequestId } from "../../core/ids.ts"
import type { AccountIndex, IndexedConnection } from "../../core/rotation/account-index.ts"
import { aChange, aRecord, bytes } from "./records.ts"

export interface StoreSubject {
  store: ConnectionStore
  /** Of the same connections. */
  accounts: AccountIndex
  /** Stores records as creation would, only faster. */
  load(records: readonly ConnectionRecord[]): Promise<void>
  stop(): Promise<void>
}

/** What every store of connections promises (core/connections/store.ts), whatever it is made of. */
export function connectionStoreSuite(start: () => Promise<StoreSubject>): void {
  let subject: StoreSubject
  let store: ConnectionStore
  let platformId: string

  beforeAll(async () => {
    subject = await start()
    store = subject.store
  })
  beforeEach(() => {
    platformId = `p-${newNonce()}`
  })
  afterAll(() => subject?.stop())

  async function created(parts: Partial<ConnectionRecord> = {}): Promise<ConnectionRecord> {
    const record = aRecord({ platformId, ...parts })
    await store.create(record, newRequestId())
    return record
  }

  const stored = async (id: string) => (await store.read(platformId, [id])).connections.get(id)
  const update = (record: ConnectionRecord, parts: Parameters<typeof aChange>[1] = {}) =>
    store.update(record, record, aChange(record, parts), newRequestId())

  describe("creating", () => {
    test("what was stored is read again to the last byte", async () => {
      const plain = await created()
      const full = await created({
        name: "Vault “über” 🔑",
        scope: "PROJECT",
        projectIds: ["p2", "p1"],
        settings: { cacheTtlSeconds: 0, staleIfErrorSeconds: 0, allowedPaths: [] },
      })
      expect(await stored(plain.id)).toEqual(plain)
      expect(await stored(full.id)).toEqual(full)
    })

    test("of all who want an id at once one gets it, and its record stands", async () => {
      const wanted = Array.from({ length: 8 }, (_, i) => aRecord({ platformId, id: "same", name: `${i}` }))
      const results = await Promise.allSettled(wanted.map((one) => store.create(one, newRequestId())))
      const winners = wanted.filter((_, i) => results[i]?.status === "fulfilled")
      const reasons = results.flatMap((result) => (result.status === "rejected" ? [result.reason.code] : []))
      expect(winners).toHaveLength(1)
      expect(reasons).toEqual(Array(7).fill("CONFLICT"))
      expect(await stored("same")).toEqual(winners[0])
    })

    test("another platform may have the same id", async () => {
      const ours = await created({ id: "same" })
      const theirs = aRecord({ platformId: `${platformId}-2`, id: "same" })
      await store.create(theirs, newRequestId())
      expect(await stored("same")).toEqual(ours)
    })
  })

  describe("updating", () => {
    test("sets what the change names and keeps the rest", async () => {
      const record = await created({ scope: "PROJECT", projectIds: ["p1", "p2"] })
      const change = aChange(record, { name: "Renamed", projectIds: ["p1"] })
      expect(await store.update(record, record, change, newRequestId())).toBe(true)
      expect(await stored(record.id)).toEqual({ ...record, ...change })
    })

    test("drops the projects of a change that has none", async () => {
      const { projectIds, ...record } = await created({ scope: "PROJECT", projectIds: ["p1"] })
      const change = aChange(record, { scope: "PLATFORM" })
      expect(projectIds).toEqual(["p1"])
      expect(await store.update(record, record, change, newRequestId())).toBe(true)
      expect(await stored(record.id)).toEqual({ ...record, ...change })
    })

    test("writes a new configuration under its new id", async () => {
      const record = await created()
      const change = aChange(record, {
        configId: newNonce(),
        config: { format: 1, wrappedKey: bytes(184), data: bytes(5_000) },
        configView: bytes(4_000),
      })
      expect(await store.update(record, record, change, newRequestId())).toBe(true)
      expect(await stored(record.id)).toEqual({ ...record, ...change })
    })

    test("of all who start from one version one gets through, so a slow update cannot undo a narrowing", async () => {
      const record = await created({ scope: "PROJECT", projectIds: ["p1", "p2"] })
      const narrowed = aChange(record, { projectIds: ["p1"] })
      expect(await store.update(record, record, narrowed, newRequestId())).toBe(true)

      const others = [...Array(4).keys()].map((n) => update(record, { name: `${n}` }))
      expect(await Promise.all(others)).toEqual([false, false, false, false])
      expect(await stored(record.id)).toEqual({ ...record, ...narrowed })
    })

    test("leaves alone a re-created connection, which begins at version 1 again", async () => {
      const before = await created({ id: "same" })
      await store.delete(platformId, "same")
      const after = await created({ id: "same" })
      expect(await update(before, { name: "of the one before" })).toBe(false)
      expect(await stored("same")).toEqual(after)
    })

    test("keeps the generation of a clear that came between", async () => {
      const record = await created()
      const generation = newNonce()
      await store.renew(platformId, record.id, generation)
      const change = aChange(record, { name: "Renamed" })
      expect(await store.update(record, record, change, newRequestId())).toBe(true)
      expect(await stored(record.id)).toEqual({ ...record, ...change, generation })
    })

    test("never brings back what was deleted", async () => {
      const record = await created()
      await store.delete(platformId, record.id)
      expect(await update(record)).toBe(false)
      expect(await stored(record.id)).toBeUndefined()
    })
  })

  describe("deleting", () => {
    test("leaves nothing, and may be done again", async () => {
      const { id } = await created()
      await store.delete(platformId, id)
      await store.delete(platformId, id)
      expect((await store.read(platformId, [id])).connections.size).toBe(0)
    })

    test("takes no other connection, and none of another platform", async () => {
      const { id } = await created()
      const other = await created()
      await store.delete(`${platformId}-2`, id)
      await store.delete(platformId, other.id)
      expect(await stored(id)).toBeDefined()
    })
  })

  describe("renewing a generation", () => {
    test("changes it, and neither the version nor anything else", async () => {
      const record = await created()
      expect(await store.renew(platformId, record.id, "next")).toBe(true)
      expect(await stored(record.id)).toEqual({ ...record, generation: "next" })
    })

    test("needs only that the connection exists, whatever its version", async () => {
      const record = await created()
      await update(record)
      expect(await store.renew(platformId, record.id, "next")).toBe(true)
    })

    test("never brings back what was deleted, nor makes what never was", async () => {
      const { id } = await created()
      await store.delete(platformId, id)
      expect(await store.renew(platformId, id, newNonce())).toBe(false)
      expect(await store.renew(platformId, undefined, newNonce())).toBe(false)
      expect(await store.read(platformId, [id])).toEqual({ connections: new Map() })
    })

    test("of the platform keeps its root key", async () => {
      const platform = { platformId, rootKey: bytes(184), generation: newNonce() }
      await store.ensurePlatform(platform)
      expect(await store.renew(platformId, undefined, "next")).toBe(true)
      expect((await store.read(platformId, [])).platform).toEqual({ ...platform, generation: "next" })
    })
  })

  describe("the webhook", () => {
    test("gets a secret, and has the one before beside it", async () => {
      const record = await created()
      const [one, two] = [bytes(300), bytes(300)]
      expect(await store.setWebhookSecret(platformId, record.id, one)).toBe(true)
      expect(await store.setWebhookSecret(platformId, record.id, two)).toBe(true)
      const webhook = { secret: two, before: one, clears: [] }
      expect(await stored(record.id)).toEqual({ ...record, webhook })
      expect(await store.setWebhookSecret(platformId, "none", one)).toBe(false)
      expect(await stored("none")).toBeUndefined()
    })

    test("of all who clear from one state one gets through, with its generation", async () => {
      const record = await created()
      await store.setWebhookSecret(platformId, record.id, bytes(300))
      const clears = Array.from({ length: 5 }, (_, at) => [{ signature: `${at}`, at }])
      const generations = clears.map(() => newNonce())
      const attempt = (was: { signature: string; at: number }[]) =>
        Promise.all(
          clears.map((one, i) =>
            store.clearByWebhook(
              platformId,
              record.id,
              { was, clears: [...was, ...one] },
              generations[i] ?? "",
            ),
          ),
        )
      const first = await attempt([])
      expect(first.filter(Boolean)).toHaveLength(1)
      const after = await stored(record.id)
      expect(after?.generation).toBe(generations[first.indexOf(true)])
      expect(after?.webhook?.clears).toEqual(clears[first.indexOf(true)])
      expect((await attempt(after?.webhook?.clears ?? [])).filter(Boolean)).toHaveLength(1)
      expect((await attempt([])).filter(Boolean)).toHaveLength(0)
      expect(await store.clearByWebhook(platformId, "none", { was: [], clears: [] }, "g")).toBe(false)
    })
  })

  describe("an account of AWS", () => {
    const aws = { account: "123456789012", region: "us-west-2" }
    const later = Number.MAX_SAFE_INTEGER
    let account: string
    beforeEach(() => {
      account = `a-${newNonce()}`
    })

    /** What the index has of the account, by id. */
    async function found(of = account, region?: string): Promise<IndexedConnection[]> {
      const all: IndexedConnection[] = []
      for await (const page of subject.accounts.find(of, region, new AbortController().signal))
        all.push(...page)
      return all.sort((a, b) => (a.id < b.id ? -1 : 1))
    }
    const indexed = ({ platformId, id, providerId }: ConnectionRecord) => ({ platformId, id, providerId })

    test("leads to its connections of every platform, and to nothing of them but keys and provider", async () => {
      const ours = await created({ id: "a", providerId: "aws", aws: { ...aws, account } })
      const theirs = aRecord({
        id: "b",
        platformId: `${platformId}-2`,
        aws: { account, region: "eu-west-1" },
      })
      await store.create(theirs, newRequestId())
      await created()
      expect(await found()).toEqual([indexed(ours), indexed(theirs)])
      expect(await found(account, "us-west-2")).toEqual([indexed(ours)])
      expect(await found(`${account}-2`)).toEqual([])
    })

    test("is read again with the connection", async () => {
      const record = await created({ aws })
      expect(await stored(record.id)).toEqual(record)
    })

    test("is kept by an update, replaced by one of the configuration, and dropped where that has none", async () => {
      const first = await created({ aws: { ...aws, account } })
      const config = { config: first.config, configView: first.configView }
      const renamed = { ...first, ...aChange(first, { name: "Renamed" }) }
      await store.update(first, first, renamed, newRequestId())
      expect(await found()).toEqual([indexed(first)])

      const moved = aChange(renamed, { ...config, aws: { ...aws, account: `${account}-2` } })
      expect(await store.update(renamed, renamed, moved, newRequestId())).toBe(true)
      expect([await found(), await found(`${account}-2`)]).toEqual([[], [indexed(first)]])

      const left = aChange({ ...renamed, ...moved }, config)
      expect(await store.update(renamed, moved, left, newRequestId())).toBe(true)
      expect(await found(`${account}-2`)).toEqual([])
      expect(await stored(first.id)).not.toHaveProperty("aws")
    })

    test("is learnt with a new generation, unless of a configuration that is no more", async () => {
      const record = await created()
      const place = { ...aws, account }
      const outdated = { configId: newNonce(), aws: place }
      expect(await store.renew(platformId, record.id, "outdated", outdated)).toBe(false)
      expect(await stored(record.id)).toEqual(record)
      const tested = { configId: record.configId, aws: place }
      expect(await store.renew(platformId, record.id, "next", tested)).toBe(true)
      expect(await stored(record.id)).toEqual({ ...record, generation: "next", aws: place })
      expect(await store.renew(platformId, "none", "next", tested)).toBe(false)
    })

    test("is forgotten, and nothing else, unless the configuration or the cache is no longer as it was seen", async () => {
      const record = await created({ aws: { ...aws, account } })
      for (const seen of [{ configId: newNonce() }, { generation: newNonce() }, { id: "none" }])
        await store.forgetPlace({ ...record, ...seen })
      expect([await stored(record.id), await found()]).toEqual([record, [indexed(record)]])
      const { aws: _forgotten, ...rest } = record
      for (const _ of ["once", "and again"]) {
        await store.forgetPlace(record)
        expect([await stored(record.id), await found()]).toEqual([rest, []])
      }
      expect(await stored("none")).toBeUndefined()
    })

    test("has its connections' caches cleared: each event once, and no deleted one brought back", async () => {
      const record = await created({ aws: { ...aws, account } })
      const clear = (at: number, effectiveFrom: number, generation: string, id = record.id) =>
        store.clearByEvent(platformId, id, { at, effectiveFrom }, generation)
      expect(await clear(1_000, 900, "one")).toBe(true)
      expect(await stored(record.id)).toEqual({ ...record, generation: "one" })
      expect(await found()).toEqual([{ ...indexed(record), clearedAt: 1_000 }])
      expect(await clear(2_000, 1_000, "two")).toBe(false)
      expect(await clear(2_000, 1_001, "three")).toBe(true)
      expect((await stored(record.id))?.generation).toBe("three")

      expect(await clear(3_000, later, "four", "none")).toBe(false)
      await store.delete(platformId, record.id)
      expect(await clear(3_000, later, "four")).toBe(false)
      expect([await stored(record.id), await found()]).toEqual([undefined, []])
    })
  })

  test("a platform gets one record, whoever makes it first, and keeps its root key", async () => {
    const fresh = () => ({ platformId, rootKey: bytes(184), generation: newNonce() })
    const made = await Promise.all([...Array(8)].map(() => store.ensurePlatform(fresh())))
    const later = await store.ensurePlatform(fresh())
    expect(new Set([...made, later].map((one) => JSON.stringify(one))).size).toBe(1)
    expect((await store.read(platformId, [])).platform).toEqual(later)
  })

  describe("reading", () => {
    test("gives 99 connections and the platform at once", async () => {
      const records = manyRecords(120)
      await subject.load(records)
      const platform = await store.ensurePlatform({ platformId, rootKey: bytes(184), generation: newNonce() })
      const wanted = records.slice(0, 99)
      const snapshot = await store.read(
        platformId,
        wanted.map(({ id }) => id),
      )
      expect(snapshot.platform).toEqual(platform)
      expect(snapshot.connections).toEqual(new Map(wanted.map((record) => [record.id, record])))
    })

    test("leaves out what does not exist, and what is another platform's", async () => {
      const mine = await created()
      const theirs = aRecord({ platformId: `${platformId}-2` })
      await subject.load([theirs])
      expect(await store.read(platformId, [mine.id, theirs.id, "none", "platform"])).toEqual({
        connections: new Map([[mine.id, mine]]),
      })
    })
  })

  describe("paging", () => {
    test("through a thousand connections gives each once, in the order of ids, forwards and backwards", async () => {
      const records = manyRecords(1_000)
      await subject.load([...records, aRecord({ platformId: `${platformId}-2` })])
      await store.ensurePlatform({ platformId, rootKey: bytes(184), generation: newNonce() })
      const ids = records.map(({ id }) => id)

      const forwards = await walk(false)
      expect(forwards.flat()).toEqual(ids)
      const backwards = await walk(true)
      expect(backwards.reverse().flat()).toEqual(ids)
      expect(await store.count(platformId)).toBe(1_000)
    })

    async function walk(backward: boolean): Promise<string[][]> {
      const pages: string[][] = []
      let after: string | undefined
      for (;;) {
        const { connections, more } = await store.page(platformId, {
          limit: 250,
          backward,
          ...(after !== undefined && { after }),
        })
        pages.push(connections.map(({ id }) => id))
        if (!more) return pages
        after = (backward ? connections[0] : connections.at(-1))?.id
      }
    }

    test("goes on where a connection was that has been deleted since", async () => {
      await subject.load(manyRecords(4))
      await store.delete(platformId, "smc_0001")
      const idsOf = async (backward: boolean) => {
        const page = await store.page(platformId, { limit: 2, after: "smc_0001", backward })
        return page.connections.map(({ id }) => id)
      }
      expect(await idsOf(false)).toEqual(["smc_0002", "smc_0003"])
      expect(await idsOf(true)).toEqual(["smc_0000"])
    })

    test.each([false, true])(
      "says that there is more only where there is (backward: %s)",
      async (backward) => {
        await subject.load(manyRecords(3))
        const more = async (limit: number) => (await store.page(platformId, { limit, backward })).more
        expect([await more(2), await more(3), await more(4)]).toEqual([true, false, false])
      },
    )

    test("of a platform without connections is empty", async () => {
      await store.ensurePlatform({ platformId, rootKey: bytes(184), generation: newNonce() })
      expect(await store.page(platformId, { limit: 10 })).toEqual({ connections: [], more: false })
      expect(await store.count(platformId)).toBe(0)
    })
  })

  function manyRecords(count: number): ConnectionRecord[] {
    return Array.from({ length: count }, (_, i) =>
      aRecord({ platformId, id: `smc_${String(i).padStart(4, "0")}` }),
    )
  }
}
