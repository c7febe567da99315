import { PutItemCommand } from "@aws-sdk/client-dynamodb"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { connectionKey } from "../../core/connections/dynamodb-items.ts"
import { newNonce, newRequestId } from "../../core/ids.ts"
import { type RewrapCounts, rewrap } from "../../core/maintenance/rewrap.ts"
import { aChange, bytes } from "../connections/records.ts"
import { type GivenStage, givenStage, tables } from "./given.ts"

let stage: GivenStage
let counts: RewrapCounts
beforeEach(async () => {
  stage = await givenStage()
  counts = { rewrapped: 0, overtaken: 0, unopened: [] }
})
afterEach(() => stage.stop())

const deps = (parts: object = {}) => ({ records: stage.records(), rewrapper: stage.rewrapper(), ...parts })

describe("wrapping every key anew", () => {
  test("brings them under the key's new version, and changes nothing that anyone notices", async () => {
    const ids = [await stage.connect("acme"), await stage.connect("acme"), await stage.connect("globex")]
    const before = await Promise.all([stage.look("acme", ids[0] ?? ""), stage.look("globex", ids[2] ?? "")])
    await stage.kms.rotate()

    expect(await rewrap(deps(), counts)).toBeUndefined()

    expect(counts).toEqual({ rewrapped: 5, overtaken: 0, unopened: [] })
    const after = await Promise.all([stage.look("acme", ids[0] ?? ""), stage.look("globex", ids[2] ?? "")])
    after.forEach(({ platform, record, secret, authentic }, index) => {
      expect([stage.versionOf(platform.rootKey), stage.versionOf(record.config.wrappedKey)]).toEqual([2, 2])
      expect({ secret, authentic }).toEqual({ secret: { secret: "s3cret" }, authentic: true })
      const was = before[index]
      expect({ ...record, config: { ...record.config, wrappedKey: was?.record.config.wrappedKey } }).toEqual(
        was?.record,
      )
      expect(platform.generation).toBe(was?.platform.generation)
    })
  })

  test("can be tried: KMS is asked for each, and nothing is written", async () => {
    const id = await stage.connect("acme")
    await stage.kms.rotate()
    stage.dynamodb.requests.reset()

    await rewrap(deps(), counts, { dryRun: true })

    expect(counts.rewrapped).toBe(2)
    expect(stage.dynamodb.requests.all()).toEqual({ Scan: 1 })
    expect(stage.versionOf((await stage.look("acme", id)).platform.rootKey)).toBe(1)
  })

  test("leaves an update alone that came between, and does not bring back what was deleted", async () => {
    const [updated, deleted] = [await stage.connect("acme"), await stage.connect("acme")]
    const config = { format: 1 as const, wrappedKey: bytes(184), data: bytes(99) }
    const rewrapper = stage.rewrapper()
    const records = stage.records()
    const overtaken = {
      ...records,
      async replace(...args: Parameters<typeof records.replace>) {
        const [{ connectionId }] = args
        if (connectionId === updated) {
          const { record } = await stage.look("acme", updated)
          const change = aChange(record, { config, configId: newNonce() })
          await stage.store.update({ platformId: "acme", id: updated }, record, change, newRequestId())
        }
        if (connectionId === deleted) await stage.store.delete("acme", deleted)
        return records.replace(...args)
      },
    }

    await rewrap({ records: overtaken, rewrapper }, counts, { atOnce: 1 })

    expect(counts).toEqual({ rewrapped: 1, overtaken: 2, unopened: [] })
    const { connections } = await stage.store.read("acme", [updated, deleted])
    expect([...connections.keys()]).toEqual([updated])
    expect(connections.get(updated)?.config).toEqual(config)
    expect(connections.get(updated)?.version).toBe(2)
  })

  test("does not touch a key that was moved to another place, and names where it stands", async () => {
    const id = await stage.connect("acme")
    const { record } = await stage.look("acme", id)
    await stage.store.create({ ...record, platformId: "globex" }, newRequestId())

    await rewrap(deps(), counts)

    expect(counts).toEqual({
      rewrapped: 2,
      overtaken: 0,
      unopened: [{ platformId: "globex", connectionId: id }],
    })
  })

  test("makes no key ours that someone has wrapped under a key of their own", async () => {
    await stage.connect("mallory", { keyId: "alias/foreign" })
    await rewrap(deps(), counts)
    expect(counts).toMatchObject({ rewrapped: 0, unopened: [{}, {}] })
  })

  test("brings them from a former key, where that is named", async () => {
    const id = await stage.connect("acme", { keyId: "alias/former" })
    await rewrap(deps({ rewrapper: stage.rewrapper("alias/former") }), counts)
    expect(counts.rewrapped).toBe(2)
    expect(await stage.look("acme", id)).toMatchObject({ secret: { secret: "s3cret" }, authentic: true })
  })

  test("passes over items that are neither a platform's nor a connection's", async () => {
    await stage.connect("acme")
    const item = { ...connectionKey("acme", "x"), sk: { S: "something-else" }, rootKey: { B: bytes(9) } }
    await stage.client.send(new PutItemCommand({ TableName: tables.connections, Item: item }))
    await rewrap(deps(), counts)
    expect(counts).toEqual({ rewrapped: 2, overtaken: 0, unopened: [] })
  })
})

describe("a walk that is stopped", () => {
  beforeEach(async () => {
    for (const platformId of ["a", "b", "c", "d"]) await stage.connect(platformId)
    await stage.kms.rotate()
  })

  test("by an outage of KMS goes on from the page where that was", async () => {
    let asked = 0
    let cursor: string | undefined
    const { rewrap: wrap } = stage.rewrapper()
    const rewrapper = {
      rewrap: (...args: Parameters<typeof wrap>) => {
        if (++asked === 6) stage.kms.faults.mode = "refuse"
        return wrap(...args)
      },
    }
    const failing = rewrap(deps({ records: stage.records(2), rewrapper }), counts, {
      atOnce: 1,
      onPage: (next) => {
        cursor = next
      },
    })
    await expect(failing).rejects.toMatchObject({ code: "UNAVAILABLE" })
    expect(counts.rewrapped).toBe(5)

    stage.kms.faults.mode = "answer"
    expect(await rewrap(deps(), counts, { after: String(cursor) })).toBeUndefined()
    expect(counts.rewrapped).toBe(9)
  })

  test("by its signal ends its page, and says where to go on", async () => {
    const stop = new AbortController()
    const cursor = await rewrap(deps({ records: stage.records(2) }), counts, {
      signal: stop.signal,
      onPage: () => stop.abort(),
    })
    expect(counts.rewrapped).toBe(2)
    await rewrap(deps(), counts, { after: String(cursor) })
    expect(counts.rewrapped).toBe(8)
  })

  test("cannot go on from what no walk has printed", async () => {
    for (const after of ["x", Buffer.from('{"pk":1}').toString("base64url")])
      await expect(rewrap(deps(), counts, { after })).rejects.toMatchObject({ code: "VALIDATION" })
  })
})
