import { type AttributeValue, QueryCommand, type QueryCommandInput } from "@aws-sdk/client-dynamodb"
import { beforeAll, beforeEach, describe, expect, test } from "vitest"
import type { AuditItem, AuditStore } from "../../core/audit/audit.ts"
import { dynamoAuditStore } from "../../core/audit/dynamodb-audit.ts"
import { canonical } from "../../core/crypto/canonical.ts"
import { newNonce, newRequestId } from "../../core/ids.ts"
import { auditIndexes } from "../../local/tables.ts"
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
      const byConnection = await query("connectionKey", connection, auditIndexes.byConnection)
      expect(hoursOf(byConnection)).toEqual(["31T23", "01T00", "01T01"])
      const byActor = await query("actorKey", canonical([platformId, "bob"]), auditIndexes.byActor)
      expect(hoursOf(byActor)).toEqual(["01T00", "01T02"])
    })

    test("by actor and hour where it is about no connection", async () => {
      const { connectionId: _none, ...item } = anItem({ action: "cache.cleared" })
      await audit.append(item)
      expect((await ofHour())[0]?.connectionKey).toBeUndefined()
      expect(await query("actorKey", canonical([platformId, "ada"]), auditIndexes.byActor)).toHaveLength(1)
    })

    test("never under another's key, whatever is in an actor's name", async () => {
      await audit.append(anItem({ actor: `x","smc_1` }))
      await audit.append(anItem({ platformId: `${platformId}"`, actor: "ada" }))
      expect(await query("actorKey", canonical([platformId, "ada"]), auditIndexes.byActor)).toEqual([])
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
