import { type AttributeValue, QueryCommand, type QueryCommandInput } from "@aws-sdk/client-dynamodb"
import { beforeAll, beforeEach, describe, expect, test } from "vitest"
import {
  type AuditItem,
  type AuditPage,
  type AuditQuery,
  type AuditStore,
  timePosition,
} from "../../core/audit/audit.ts"
import { dynamoAuditStore } from "../../core/audit/dynamodb-audit.ts"
import { canonical } from "../../core/crypto/canonical.ts"
import { newNonce, newRequestId } from "../../core/ids.ts"
import { dynamoSubject, type StartDynamo, sdk, tables } from "../connections/dynamodb-subject.ts"

const at = Date.UTC(2026, 0, 31, 23, 59, 59, 7)

/** The audit's table: append-only, an item for each item, found by hour, by connection and by actor. */
export function dynamoAuditSuite(start: StartDynamo): void {
  const subject = dynamoSubject(start)
  let audit: AuditStore
  let platformId: string

  beforeAll(() => {
    audit = dynamoAuditStore({ client: subject.client, table: tables.audit, retentionDays: 400 })
  })
  beforeEach(() => {
    platformId = `p-${newNonce()}`
  })

  const anItem = (parts: Partial<AuditItem> = {}): AuditItem => ({
    platformId,
    actor: "ada",
    action: "connection.updated",
    requestId: newRequestId(),
    connectionId: "smc_1",
    fields: ["name", "config.url"],
    host: "vault.example",
    at,
    item: 0,
    ...parts,
  })

  async function query(
    key: string,
    value: string,
    index?: string,
  ): Promise<Record<string, AttributeValue>[]> {
    const input: QueryCommandInput = {
      TableName: tables.audit,
      ...(index !== undefined && { IndexName: index }),
      KeyConditionExpression: "#key = :value",
      ExpressionAttributeNames: { "#key": key },
      ExpressionAttributeValues: { ":value": { S: value } },
    }
    return (await subject.client.send(new QueryCommand(input))).Items ?? []
  }
  const ofHour = (hour = "2026-01-31T23") => query("pk", canonical([platformId, hour]))

  test("an item stands under its platform and hour, whole, and ends with its retention", async () => {
    const item = anItem()
    await audit.append(item)
    const [stored, ...others] = await ofHour()
    expect(others).toEqual([])
    expect(stored).toMatchObject({
      sk: { S: `2026-01-31T23:59:59.007Z#${item.requestId}#0` },
      platformId: { S: platformId },
      actor: { S: "ada" },
      action: { S: "connection.updated" },
      connectionId: { S: "smc_1" },
      requestId: { S: item.requestId },
      expires: { N: String(Math.floor(at / 1000) + 400 * 86_400) },
    })
    expect(JSON.parse(stored?.detail?.S ?? "")).toEqual({
      fields: ["name", "config.url"],
      host: "vault.example",
    })
  })

  test("the same item twice is one, and the first stands", async () => {
    const item = anItem()
    await audit.append(item)
    await audit.append({ ...item, host: "elsewhere.example" })
    const items = await ofHour()
    expect(items.map(({ detail }) => JSON.parse(detail?.S ?? "").host)).toEqual(["vault.example"])
  })

  test("a lost reply is no failure: the SDK asks again and meets what it wrote", async () => {
    subject.proxy.loseReply("PutItem")
    await audit.append(anItem())
    expect(subject.operations()).toEqual(["PutItem", "PutItem"])
    expect(await ofHour()).toHaveLength(1)
  })

  test("items of one request, and requests of one instant, stand beside each other", async () => {
    const item = anItem()
    await Promise.all([item, { ...item, item: 1 }, anItem()].map((one) => audit.append(one)))
    expect(await ofHour()).toHaveLength(3)
  })

  describe("is found", () => {
    test("by connection and by actor, sorted by time, and only on its own platform", async () => {
      for (const [hours, parts] of [
        [2, { connectionId: "smc_1" }],
        [1, { actor: "bob" }],
        [0, {}],
        [3, { connectionId: "smc_2", actor: "bob" }],
      ] as const)
        await audit.append(anItem({ at: at + hours * 3_600_000, ...parts }))
      await audit.append(anItem({ platformId: `${platformId}-2` }))

      const hoursOf = (items: Record<string, AttributeValue>[]) =>
        items.map(({ sortKey }) => sortKey?.S?.slice(8, 13))
      const connection = canonical([platformId, "smc_1"])
      const byConnection = await query("connectionKey", connection, "byConnection")
      expect(hoursOf(byConnection)).toEqual(["31T23", "01T00", "01T01"])
      const byActor = await query("actorKey", canonical([platformId, "bob"]), "byActor")
      expect(hoursOf(byActor)).toEqual(["01T00", "01T02"])
    })

    test("by actor and hour where it is about no connection", async () => {
      const { connectionId: _none, ...item } = anItem({ action: "cache.cleared" })
      await audit.append(item)
      expect((await ofHour())[0]?.connectionKey).toBeUndefined()
      expect(await query("actorKey", canonical([platformId, "ada"]), "byActor")).toHaveLength(1)
    })

    test("never under another's key, whatever is in an actor's name", async () => {
      await audit.append(anItem({ actor: `x","smc_1` }))
      await audit.append(anItem({ platformId: `${platformId}"`, actor: "ada" }))
      expect(await query("actorKey", canonical([platformId, "ada"]), "byActor")).toEqual([])
    })
  })

  describe("is read page by page, newest first,", () => {
    const hour = 3_600_000
    const pageOf = (query: Partial<AuditQuery>, limit = 100) =>
      audit.page(
        { platformId, from: at - 400 * 24 * hour, before: timePosition(at + 1), ...query },
        { limit, maxBytes: 4_000_000, now: at },
      )

    /** All pages, as the hours and items that they have. */
    async function pagesOf(query: Partial<AuditQuery>, limit?: number): Promise<string[][]> {
      const pages: string[][] = []
      for (let before = query.before; ; ) {
        const page = await pageOf({ ...query, ...(before !== undefined && { before }) }, limit)
        pages.push(page.items.map(({ at, item }) => `${timePosition(at).slice(8, 13)}#${item}`))
        if (page.next === undefined) return pages
        before = page.next
      }
    }

    test("whole, as it was stored", async () => {
      const item = anItem({
        projectId: "p1",
        code: "UNAVAILABLE",
        paths: [{ path: "a#b", count: 2 }],
        item: 3,
      })
      await audit.append(item)
      const { items } = await pageOf({ from: at })
      expect(items).toEqual([item])
      expect(new Set(subject.operations())).toEqual(new Set(["PutItem", "Query"]))
    })

    test("hour by hour, across pages, each item once", async () => {
      for (const hours of [0, 1, 1, 5, 5, 5])
        await audit.append(anItem({ at: at - hours * hour, item: hours }))
      await audit.append(anItem({ platformId: `${platformId}-2` }))
      const from = at - 6 * hour
      const expected = ["31T23#0", "31T22#1", "31T22#1", "31T18#5", "31T18#5", "31T18#5"]
      for (const limit of [1, 4, 6])
        expect((await pagesOf({ from }, limit)).flat(), `${limit}`).toEqual(expected)
      expect(await pagesOf({ from }, 6)).toHaveLength(1)
    })

    test("from the first instant to before the last", async () => {
      for (const ms of [-2, -1, 0]) await audit.append(anItem({ at: at + ms, item: -ms }))
      const span = { from: at - 2, before: timePosition(at) }
      expect((await pagesOf(span)).flat()).toEqual(["31T23#1", "31T23#2"])
      expect(await pagesOf({ from: at, before: timePosition(at) })).toEqual([[]])
    })

    test("48 hours of the main key at a time, however little there is", async () => {
      await audit.append(anItem({ at: at - 47 * hour, item: 1 }))
      await audit.append(anItem({ at: at - 48 * hour, item: 2 }))
      subject.proxy.reset()
      const pages = await pagesOf({ from: at - 100 * hour })
      expect(pages).toEqual([["30T00#1"], ["29T23#2"], []])
      expect(subject.operations()).toHaveLength(101)
    })

    test("by connection and by actor at any distance, in one query", async () => {
      await audit.append(anItem({ at: at - 300 * 24 * hour, item: 1 }))
      await audit.append(anItem({ actor: "bob", item: 2 }))
      await audit.append(anItem({ actor: "bob", connectionId: "smc_2", item: 3 }))
      subject.proxy.reset()
      expect(await pagesOf({ connectionId: "smc_1" })).toEqual([["31T23#2", "06T23#1"]])
      expect(subject.operations()).toEqual(["Query"])
      expect((await pagesOf({ actor: "bob" })).flat().sort()).toEqual(["31T23#2", "31T23#3"])
      expect(await pagesOf({ actor: "bob", connectionId: "smc_1" })).toEqual([["31T23#2"]])
      expect((await pagesOf({ actor: "ada" }, 1)).flat()).toEqual(["06T23#1"])
    })

    test("of one action, past whatever lies between", async () => {
      for (let item = 0; item < 12; item++)
        await audit.append(
          anItem({ at: at - item, action: item % 4 ? "secret.resolve" : "cache.cleared", item }),
        )
      for (const by of [{}, { connectionId: "smc_1" }, { actor: "ada" }]) {
        const query = { ...by, action: "cache.cleared" as const, from: at - hour }
        const found = await pagesOf(query, 2)
        expect(found.flat()).toEqual(["31T23#0", "31T23#4", "31T23#8"])
      }
    })

    test("without what has expired but is still there", async () => {
      const short = dynamoAuditStore({ client: subject.client, table: tables.audit, retentionDays: 1 })
      await short.append(anItem({ at: at - 24 * hour, item: 1 }))
      await short.append(anItem({ at: at - 23 * hour, item: 2 }))
      expect((await pagesOf({ from: at - 24 * hour })).flat()).toEqual(["31T00#2"])
      expect((await pagesOf({ connectionId: "smc_1" })).flat()).toEqual(["31T00#2"])
    })

    test("short where items are large, also beyond what one query returns", async () => {
      const paths = Array.from({ length: 300 }, (_, i) => ({ path: `${i}/`.padEnd(970, "x"), count: 1 }))
      for (let item = 0; item < 6; item++) await audit.append(anItem({ at: at - item, paths, item }))
      const found: number[] = []
      let before: string | undefined = timePosition(at + 1)
      while (before !== undefined) {
        const query: AuditQuery = { platformId, from: at - hour, before }
        const page: AuditPage = await audit.page(query, { limit: 100, maxBytes: 500_000, now: at })
        expect(page.items.length).toBeLessThanOrEqual(2)
        found.push(...page.items.map(({ item }) => item))
        before = page.next
      }
      expect(found).toEqual([0, 1, 2, 3, 4, 5])
      const { items } = await pageOf({ from: at - hour })
      expect(items).toHaveLength(6)
    })

    test("UNAVAILABLE where the store is out of reach", async () => {
      const impatient = sdk(subject.proxy.url, 1)
      const down = dynamoAuditStore({ client: impatient, table: tables.audit, retentionDays: 400 })
      subject.proxy.mode = "refuse"
      const query = { platformId, from: at - hour, before: timePosition(at) }
      await expect(down.page(query, { limit: 1, maxBytes: 1, now: at })).rejects.toMatchObject({
        code: "UNAVAILABLE",
      })
      impatient.destroy()
    })
  })

  test("takes 300 KB of paths in one item", async () => {
    const paths = Array.from({ length: 300 }, (_, i) => ({ path: `${i}/`.padEnd(970, "x"), count: 1 }))
    await audit.append(anItem({ paths }))
    const [stored] = await ofHour()
    expect(JSON.parse(stored?.detail?.S ?? "").paths).toEqual(paths)
  })

  test("an item that cannot be stored is an error", async () => {
    const impatient = sdk(subject.proxy.url, 1)
    const down = dynamoAuditStore({ client: impatient, table: tables.audit, retentionDays: 400 })
    subject.proxy.mode = "refuse"
    await expect(down.append(anItem())).rejects.toThrow()
    impatient.destroy()
  })
}
