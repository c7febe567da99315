import { QueryCommand } from "@aws-sdk/client-dynamodb"
import { beforeAll, beforeEach, expect, test } from "vitest"
import { canonical } from "../../core/crypto/canonical.ts"
import { newNonce } from "../../core/ids.ts"
import { dynamoUsageStore } from "../../core/usage/dynamodb-usage.ts"
import type { UsageStore, Use } from "../../core/usage/usage.ts"
import { dynamoSubject, type StartDynamo, tables } from "../connections/dynamodb-subject.ts"

const at = Date.UTC(2026, 0, 1)
const day = 86_400

/** The usage's table: when each project last resolved each path of a connection. */
export function dynamoUsageSuite(start: StartDynamo): void {
  const subject = dynamoSubject(start)
  let usage: UsageStore
  let platformId: string

  beforeAll(() => {
    usage = dynamoUsageStore({ client: subject.client, table: tables.usage })
  })
  beforeEach(() => {
    platformId = `p-${newNonce()}`
  })

  const aUse = (path: string, projectId?: string): Use => ({
    platformId,
    connectionId: "smc_1",
    path,
    ...(projectId !== undefined && { projectId }),
  })

  async function usesOf(connectionId: string) {
    const { Items = [] } = await subject.client.send(
      new QueryCommand({
        TableName: tables.usage,
        KeyConditionExpression: "pk = :pk",
        ExpressionAttributeValues: { ":pk": { S: canonical([platformId, connectionId]) } },
      }),
    )
    return Items.map(({ projectId, path, lastResolvedAt, expires }) => ({
      ...(projectId && { projectId: projectId.S }),
      path: path?.S,
      lastResolvedAt: lastResolvedAt?.S,
      expires: Number(expires?.N),
    })).sort((a, b) =>
      canonical([a.path ?? "", a.projectId ?? ""]).localeCompare(
        canonical([b.path ?? "", b.projectId ?? ""]),
      ),
    )
  }

  test("keeps each path of a connection once for each project, for 90 days", async () => {
    await usage.touch([aUse("a"), aUse("a", "p1"), aUse("b", "p1")], at)
    const seen = { lastResolvedAt: "2026-01-01T00:00:00.000Z", expires: at / 1000 + 90 * day }
    expect(await usesOf("smc_1")).toEqual([
      { path: "a", ...seen },
      { path: "a", projectId: "p1", ...seen },
      { path: "b", projectId: "p1", ...seen },
    ])
  })

  test("a later use takes the place of the one before", async () => {
    await usage.touch([aUse("a"), aUse("b")], at)
    await usage.touch([aUse("a")], at + day * 1000)
    expect((await usesOf("smc_1")).map(({ lastResolvedAt }) => lastResolvedAt)).toEqual([
      "2026-01-02T00:00:00.000Z",
      "2026-01-01T00:00:00.000Z",
    ])
  })

  test("writes 25 paths a call", async () => {
    const uses = Array.from({ length: 60 }, (_, i) => aUse(`path/${i}`))
    await usage.touch(uses, at)
    expect(subject.operations()).toEqual(Array(3).fill("BatchWriteItem"))
    expect(await usesOf("smc_1")).toHaveLength(60)
  })

  test("keeps apart the connections, and paths longer than a key", async () => {
    const long = "x".repeat(2_048)
    await usage.touch([aUse(long), aUse(`${long.slice(1)}y`), { ...aUse("a"), connectionId: "smc_2" }], at)
    expect((await usesOf("smc_1")).map(({ path }) => path)).toEqual([long, `${long.slice(1)}y`].sort())
    expect((await usesOf("smc_2")).map(({ path }) => path)).toEqual(["a"])
  })

  test("is read page by page, without what has expired but is still there", async () => {
    const connection = { platformId, connectionId: "smc_1" }
    await usage.touch([aUse("old")], at - 90 * day * 1000)
    await usage.touch([aUse("a"), aUse("b", "p1"), { ...aUse("other"), connectionId: "smc_2" }], at)
    const found = []
    let after: string | undefined
    do {
      const page = await usage.page(connection, { limit: 1, now: at, ...(after !== undefined && { after }) })
      found.push(...page.uses)
      after = page.next
    } while (after !== undefined)
    expect(found.sort((x, y) => x.path.localeCompare(y.path))).toEqual([
      { path: "a", lastResolvedAt: "2026-01-01T00:00:00.000Z" },
      { path: "b", projectId: "p1", lastResolvedAt: "2026-01-01T00:00:00.000Z" },
    ])
    expect(new Set(subject.operations().filter((name) => name !== "BatchWriteItem"))).toEqual(
      new Set(["Query"]),
    )
  })

  test("what DynamoDB leaves over is a failure, so that it is tried again", async () => {
    subject.proxy.process(1)
    await expect(usage.touch([aUse("a"), aUse("b")], at)).rejects.toThrow("unprocessed")
  })
}
