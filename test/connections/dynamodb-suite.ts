import { PutItemCommand, QueryCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb"
import { beforeAll, beforeEach, describe, expect, test } from "vitest"
import { type Clock, systemClock } from "../../core/clock.ts"
import type { ConnectionRecord } from "../../core/connections/connection.ts"
import { connectionItem, connectionKey } from "../../core/connections/dynamodb-items.ts"
import { dynamoConnectionStore } from "../../core/connections/dynamodb-store.ts"
import { isAuthentic, recordMac } from "../../core/connections/record-mac.ts"
import type { ConnectionStore } from "../../core/connections/store.ts"
import { createKeyring, type PlatformKeys } from "../../core/crypto/keyring.ts"
import { newNonce, newRequestId } from "../../core/ids.ts"
import { memoryKms } from "../support/memory-kms.ts"
import { movedClock } from "../support/moved-clock.ts"
import {
  type DynamoSubject,
  dynamoSubject,
  loadRecords,
  type StartDynamo,
  sdk,
  tables,
} from "./dynamodb-subject.ts"
import { aChange, aRecord, bytes } from "./records.ts"

const table = tables.connections

/** What the store owes to DynamoDB itself: how it asks, and how it stands its failures. */
export function dynamoStoreSuite(start: StartDynamo): void {
  const subject: DynamoSubject = dynamoSubject(start)
  const { operations } = subject
  let store: ConnectionStore
  let platformId: string
  let slept: number[]
  /** Does not sleep, but remembers for how long it was to. */
  const clock: Clock = { ...systemClock, now: () => 0, sleep: async (ms) => void slept.push(ms) }

  beforeAll(() => {
    store = dynamoConnectionStore({ client: subject.client, table, clock })
  })
  beforeEach(() => {
    platformId = `p-${newNonce()}`
    slept = []
  })

  async function created(parts: Partial<ConnectionRecord> = {}): Promise<ConnectionRecord> {
    const record = aRecord({ platformId, ...parts })
    await store.create(record, newRequestId())
    subject.proxy.reset()
    return record
  }
  const stored = async (id: string) => (await store.read(platformId, [id])).connections.get(id)
  const unavailable = expect.objectContaining({ code: "UNAVAILABLE" })

  describe("a reply that was lost", () => {
    test("to a new webhook secret does not make it the one before as well", async () => {
      const record = await created()
      const [one, two] = [bytes(300), bytes(300)]
      await store.setWebhookSecret(platformId, record.id, one)
      subject.proxy.loseReply("UpdateItem")
      expect(await store.setWebhookSecret(platformId, record.id, two)).toBe(true)
      expect((await stored(record.id))?.webhook).toMatchObject({ secret: two, before: one })
    })

    test("to a creation is no conflict: the SDK asks again and meets what it wrote", async () => {
      const record = aRecord({ platformId })
      subject.proxy.loseReply("PutItem")
      await store.create(record, newRequestId())
      expect(operations()).toEqual(["PutItem", "PutItem", "GetItem"])
      expect(await stored(record.id)).toEqual(record)
    })

    test("to a creation that found the id taken is a conflict still", async () => {
      const record = await created()
      subject.proxy.loseReply("PutItem")
      await expect(store.create({ ...record, name: "Other" }, newRequestId())).rejects.toMatchObject({
        code: "CONFLICT",
      })
      expect(await stored(record.id)).toEqual(record)
    })

    test("to an update is success", async () => {
      const record = await created()
      const change = aChange(record, { name: "Renamed" })
      subject.proxy.loseReply("UpdateItem")
      expect(await store.update(record, record, change, newRequestId())).toBe(true)
      expect(operations()).toEqual(["UpdateItem", "UpdateItem", "GetItem"])
      expect(await stored(record.id)).toEqual({ ...record, ...change })
    })

    test("to an update that lost a race is no success, and writes nothing over the other", async () => {
      const record = await created()
      const theirs = aChange(record, { name: "Theirs" })
      await store.update(record, record, theirs, newRequestId())
      subject.proxy.loseReply("UpdateItem")
      const ours = aChange(record, { name: "Ours" })
      expect(await store.update(record, record, ours, newRequestId())).toBe(false)
      expect(await stored(record.id)).toEqual({ ...record, ...theirs })
    })

    test("to an update that another has followed leaves the other's in place", async () => {
      const record = await created()
      const ours = { ...record, ...aChange(record, { name: "Ours" }) }
      const theirs = aChange(ours, { name: "Theirs" })
      subject.proxy.loseReply("UpdateItem", () => store.update(ours, ours, theirs, newRequestId()))
      await store.update(record, record, ours, newRequestId())
      expect(await stored(record.id)).toEqual({ ...ours, ...theirs })
    })

    test("to a renewal or to making the platform changes nothing about either", async () => {
      const record = await created()
      subject.proxy.loseReply("UpdateItem")
      expect(await store.renew(platformId, record.id, "next")).toBe(true)
      expect(await stored(record.id)).toEqual({ ...record, generation: "next" })

      const platform = { platformId, rootKey: new Uint8Array([1]), generation: newNonce() }
      subject.proxy.loseReply("UpdateItem")
      expect(await store.ensurePlatform(platform)).toEqual(platform)
    })
  })

  describe("one read", () => {
    test("is one request, strongly consistent, of 99 connections and the platform", async () => {
      const ids = Array.from({ length: 99 }, (_, i) => `smc_${i}`)
      await store.read(platformId, ids)
      expect(operations()).toEqual(["BatchGetItem"])
      const [{ body } = { body: {} }] = subject.proxy.requests
      expect(body).toMatchObject({ RequestItems: { [table]: { ConsistentRead: true } } })
      expect(JSON.stringify(body).match(/"sk"/g)).toHaveLength(100)
    })

    test("asks again for what DynamoDB left over, a little later each time", async () => {
      const records = Array.from({ length: 20 }, () => aRecord({ platformId }))
      await loadRecords(subject.client, records)
      subject.proxy.reset()
      subject.proxy.process(3, 0, 10)
      const ids = records.map(({ id }) => id)
      const { connections } = await store.read(platformId, ids)
      expect(new Set(connections.keys())).toEqual(new Set(ids))
      expect(operations()).toEqual(Array(4).fill("BatchGetItem"))
      expect(slept).toEqual([...slept].sort((a, b) => a - b))
      expect(slept).toHaveLength(3)
    })

    test("never takes what is left over for absent", async () => {
      const record = await created()
      subject.proxy.process(0, 0, 0, 0, 0, 0, 0, 0)
      await expect(store.read(platformId, [record.id])).rejects.toEqual(unavailable)
    })

    test("ends with its signal, while it waits to ask again", async () => {
      const stopped = new AbortController()
      const waiting = dynamoConnectionStore({ client: subject.client, table, clock: movedClock() })
      subject.proxy.process(0)
      const read = waiting.read(platformId, ["smc_1"], stopped.signal)
      await expect.poll(operations).toEqual(["BatchGetItem"])
      stopped.abort()
      await expect(read).rejects.toEqual(unavailable)
    })

    test("ends with its signal, while it is under way", async () => {
      subject.proxy.mode = "hang"
      const stopped = new AbortController()
      const read = store.read(platformId, ["smc_1"], stopped.signal)
      await expect.poll(operations).toEqual(["BatchGetItem"])
      stopped.abort()
      await expect(read).rejects.toEqual(unavailable)
      await subject.proxy.hungUp
    })
  })

  test("pages and counts of a thousand connections are consistent queries, and never a scan", async () => {
    const ids = Array.from({ length: 1_000 }, (_, i) => `smc_${String(i).padStart(4, "0")}`)
    await loadRecords(
      subject.client,
      ids.map((id) => aRecord({ platformId, id })),
    )
    subject.proxy.reset()
    const page = await store.page(platformId, { limit: 100, after: "smc_0499", backward: true })
    expect(page.connections.map(({ id }) => id)).toEqual(ids.slice(399, 499))
    expect(await store.count(platformId)).toBe(1_000)
    expect(new Set(operations())).toEqual(new Set(["Query"]))
    for (const { body } of subject.proxy.requests) expect(body.ConsistentRead).toBe(true)
    expect(subject.proxy.requests[0]?.body.Limit).toBeLessThanOrEqual(101)
  })

  test("while DynamoDB is out of reach everything is UNAVAILABLE, and says nothing of why", async () => {
    const record = await created()
    const impatient = sdk(subject.proxy.url, 1)
    const down = dynamoConnectionStore({ client: impatient, table, clock })
    subject.proxy.mode = "refuse"
    const attempts = [
      () => down.read(platformId, [record.id]),
      () => down.page(platformId, { limit: 10 }),
      () => down.count(platformId),
      () => down.create(aRecord({ platformId }), newRequestId()),
      () => down.update(record, record, aChange(record), newRequestId()),
      () => down.delete(platformId, record.id),
      () => down.renew(platformId, record.id, newNonce()),
      () => down.ensurePlatform({ platformId, rootKey: new Uint8Array([1]), generation: newNonce() }),
    ]
    for (const attempt of attempts) {
      const error = await attempt().catch((error: unknown) => error)
      expect(error).toMatchObject({ code: "UNAVAILABLE" })
      expect(String((error as Error).message)).toBe(
        "Latchkey's store could not be reached. Try again shortly.",
      )
    }
    impatient.destroy()
    subject.proxy.mode = "answer"
    expect(await stored(record.id)).toEqual(record)
  })

  test("a page that DynamoDB cuts short at a megabyte says that there is more", async () => {
    const data = bytes(150_000)
    const large = Array.from({ length: 10 }, (_, i) =>
      aRecord({ platformId, id: `smc_${i}`, config: { format: 1, wrappedKey: bytes(184), data } }),
    )
    await loadRecords(subject.client, large)
    const first = await store.page(platformId, { limit: 100 })
    expect(first.connections.length).toBeLessThan(10)
    expect(first.more).toBe(true)
    const after = first.connections.at(-1)?.id ?? ""
    const rest = await store.page(platformId, { limit: 100, after })
    expect([...first.connections, ...rest.connections]).toEqual(large)
    expect(rest.more).toBe(false)
  })

  describe("an item that was edited by hand", () => {
    let keys: PlatformKeys
    beforeAll(async () => {
      const keyring = createKeyring({ kms: memoryKms(), clock: movedClock() })
      keys = await keyring.unwrap({ platformId: "p", rootKey: await keyring.generate("p") })
    })

    async function authentic(): Promise<ConnectionRecord> {
      const record = aRecord({
        platformId,
        scope: "PROJECT",
        projectIds: ["p1"],
        settings: { cacheTtlSeconds: 60, staleIfErrorSeconds: 0, allowedPaths: ["secret/data/**"] },
      })
      return created({ ...record, mac: recordMac(keys, record) })
    }

    test.each<[string, string, object | undefined]>([
      ["opened to the platform", "scope", { S: "PLATFORM" }],
      ["opened to another project", "projectIds", { L: [{ S: "p1" }, { S: "p2" }] }],
      ["opened by a set instead of a list", "projectIds", { SS: ["p1"] }],
      ["without its projects", "projectIds", undefined],
      ["freed of its allowed paths", "settings", { S: '{"cacheTtlSeconds":60,"staleIfErrorSeconds":0}' }],
      ["with settings that are no JSON", "settings", { S: "{" }],
      ["without settings", "settings", undefined],
      ["renamed", "name", { S: "Payments" }],
      ["moved to another provider", "providerId", { S: "aws" }],
      ["set back to an older configuration", "configId", { S: newNonce() }],
      ["with another version", "version", { N: "2" }],
      ["with a version that is no number", "version", { S: "1" }],
      ["without its MAC", "mac", undefined],
      ["with a shorter MAC", "mac", { B: "AAAA" }],
    ])("is read, and known for it: %s", async (_, name, value) => {
      const record = await authentic()
      expect(isAuthentic(keys, (await stored(record.id)) ?? record)).toBe(true)
      await edit(record, name, value)
      const edited = await stored(record.id)
      expect(edited && isAuthentic(keys, edited)).toBe(false)
    })

    test("or copied to another id or platform, is known for it", async () => {
      const record = await authentic()
      const item = connectionItem(record, newRequestId())
      for (const [platform, id] of [
        [platformId, "copied"],
        [`${platformId}-2`, record.id],
      ] as const) {
        const copy = { ...item, ...connectionKey(platform, id) }
        await subject.client.send(new PutItemCommand({ TableName: table, Item: copy }))
        const read = (await store.read(platform, [id])).connections.get(id)
        expect(read && isAuthentic(keys, read)).toBe(false)
      }
    })

    test("down to its key alone, breaks no read and no page", async () => {
      const Item = connectionKey(platformId, "smc_bare")
      await subject.client.send(new PutItemCommand({ TableName: table, Item }))
      const bare = await stored("smc_bare")
      expect(bare).toMatchObject({ id: "smc_bare", name: "", version: 0, scope: "PROJECT" })
      expect((await store.page(platformId, { limit: 10 })).connections).toEqual([bare])
      expect(bare && isAuthentic(keys, bare)).toBe(false)
    })

    async function edit({ id }: ConnectionRecord, name: string, value: object | undefined): Promise<void> {
      const Key = connectionKey(platformId, id)
      const { Items: [item] = [] } = await subject.client.send(
        new QueryCommand({
          TableName: table,
          KeyConditionExpression: "pk = :pk AND sk = :sk",
          ExpressionAttributeValues: { ":pk": { S: platformId }, ":sk": Key.sk ?? { S: "" } },
        }),
      )
      expect(item?.[name]).toBeDefined()
      await subject.client.send(
        new UpdateItemCommand({
          TableName: table,
          Key,
          UpdateExpression: value ? "SET #name = :value" : "REMOVE #name",
          ExpressionAttributeNames: { "#name": name },
          ...(value && { ExpressionAttributeValues: { ":value": value as never } }),
        }),
      )
    }
  })
}
