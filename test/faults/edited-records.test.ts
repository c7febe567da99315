import { type AttributeValue, DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb"
import { afterAll, beforeAll, expect, test } from "vitest"
import type { AuditList } from "../../core/audit/list.ts"
import { signRotation } from "../../core/client/sign-rotation.ts"
import { type DynamoDbServer, startDynamoDb } from "../../local/dynamodb.ts"
import {
  type Answer,
  admin,
  type Caller,
  connect,
  type SandboxApi,
  service,
  startSandboxApi,
} from "../support/sandbox-api.ts"

/**
 * Whoever writes DynamoDB puts something else into a record: what it decided ends with a failure that says so and is in the
 * audit, and nothing else fails, neither beside it nor once it is mended.
 */
type Item = Record<string, AttributeValue>

const TableName = "latchkey-connections"
const path = "secret/data/app/durable"

let dynamodb: DynamoDbServer
let client: DynamoDBClient
let api: SandboxApi
let ada: Caller
let flows: Caller
/** For a project, with every attribute that a record can have; and one beside it that nobody touches. */
let id: string
let other: string
let secret: string

beforeAll(async () => {
  dynamodb = await startDynamoDb()
  api = await startSandboxApi({ external: { region: "us-east-1", dynamodb: { url: dynamodb.url } } })
  client = new DynamoDBClient({ endpoint: dynamodb.url, region: "us-east-1" })
  await api.vault.admin.put(path, { key: "value" })
  ada = api.as(admin("acme"))
  flows = api.as(service("acme"))
  // What is cached of it could answer without its configuration.
  const settings = { cacheTtlSeconds: 0 }
  id = await connect(ada, api.vault, { scope: "PROJECT", projectIds: ["p1"], settings })
  other = await connect(ada, api.vault)
  secret = String((await ada.post(`/${id}/webhook-secret`)).body.secret)
  expect((await rotated()).status).toBe(202)
})

afterAll(async () => {
  client.destroy()
  await api.close()
  await dynamodb.close()
})

const keyOf = (platform: string, id: string) => ({ pk: { S: platform }, sk: { S: `connection#${id}` } })

async function itemOf(id: string, platform = "acme"): Promise<Item> {
  const { Item = {} } = await client.send(new GetItemCommand({ TableName, Key: keyOf(platform, id) }))
  return Item
}
const put = (Item: Item) => client.send(new PutItemCommand({ TableName, Item }))

const reference = (id: string) => `{{secret://${id}/${path}/key}}`
const resolveBoth = () =>
  flows.post("/resolve", { value: [reference(id), reference(other)], projectId: "p1", onError: "report" })
/** The codes of failures, or the values. */
const got = ({ body }: Answer) =>
  [0, 1].map((at) => body.references?.[at]?.error?.code ?? body.value?.[at]) as unknown[]
const failed = "UNAVAILABLE"

async function rotated(): Promise<Answer> {
  const body = JSON.stringify({ paths: [crypto.randomUUID()] })
  const signature = await signRotation({ secret, platformId: "acme", id, body })
  return api.as().call("POST", `/rotated/acme/${id}`, body, { "latchkey-signature": signature })
}

async function audited(query: string): Promise<AuditList["data"]> {
  const { data, next }: AuditList = JSON.parse((await ada.get(`/audit?limit=100${query}`)).text)
  return next === null ? data : [...data, ...(await audited(`${query.split("&cursor")[0]}&cursor=${next}`))]
}

const deep = "[".repeat(50_000) + "]".repeat(50_000)
const edits: (AttributeValue | undefined)[] = [
  undefined,
  { S: deep },
  { S: `{"allowedPaths":${deep}}` },
  { S: "[null]" },
  { N: "7" },
  { B: new Uint8Array(40) },
]
/** What decides who may use a connection, and what it leads to. */
const deciding = ["providerId", "name", "settings", "configId", "version", "mac", "config"]

test("something else in any attribute is a clear failure where it decides, and harms nothing else", async () => {
  const item = await itemOf(id)
  const attributes = Object.keys(item).filter((name) => !["pk", "sk"].includes(name))
  expect(attributes).toEqual(expect.arrayContaining([...deciding, "projectIds", "webhook", "webhookClears"]))
  let failures = 0
  for (const name of attributes) {
    for (const edit of edits) {
      const { [name]: _, ...rest } = item
      await put(edit ? { ...rest, [name]: edit } : rest)
      // Nobody is told more of a project's connection than of none.
      const expected = deciding.includes(name) ? failed : name === "projectIds" ? "ENTITY_NOT_FOUND" : "value"
      if (expected !== "value") failures++
      const where = [name, JSON.stringify(edit)?.slice(0, 40)]
      expect([...where, ...got(await resolveBoth())]).toEqual([...where, expected, "value"])
      const { status, body } = await ada.get("")
      expect([...where, status, body.data?.length]).toEqual([...where, 200, 2])
    }
    await put(item)
    expect([name, ...got(await resolveBoth())]).toEqual([name, "value", "value"])
  }
  const outcomes = (await audited("&action=secret.resolve")).flatMap(({ outcomes = [] }) => outcomes)
  expect(outcomes.filter(({ code, connectionId }) => code && connectionId === id)).toHaveLength(failures)
}, 60_000)

test("something else in the webhook's clears fails them, and is in the audit", async () => {
  const item = await itemOf(id)
  for (const text of ["", "x", "null", "7", "{}", "[null]", '[{"signature":1,"at":"x"}]', deep]) {
    await put({ ...item, webhookClears: { S: text } })
    expect([text.slice(0, 9), (await rotated()).body.code]).toEqual([text.slice(0, 9), failed])
  }
  await put(item)
  const events = await audited(`&action=webhook.rotated&connectionId=${id}`)
  expect(events.filter(({ code }) => code === (failed as unknown))).toHaveLength(8)
})

test("a record that was moved to another id or platform is a clear failure, and in its audit", async () => {
  const theirs = api.as(admin("evil"))
  const target = await connect(theirs, api.vault)
  const before = await itemOf(target, "evil")
  const item = await itemOf(other)
  const moves: [movedTo: string, item: Item][] = [
    [target, item],
    [other, item],
    [other, before],
    [target, { ...before, config: item.config ?? { M: {} } }],
  ]
  for (const [movedTo, moved] of moves) {
    await put({ ...moved, ...keyOf("evil", movedTo) })
    const events = async () =>
      JSON.parse((await theirs.get(`/audit?connectionId=${movedTo}&action=secret.resolve`)).text).data
    const earlier = (await events()).length
    const value = reference(movedTo)
    expect(await api.as(service("evil")).post("/resolve", { value })).toMatchObject({
      status: 503,
      body: { code: failed, connectionId: movedTo },
    })
    const [latest, ...rest] = await events()
    expect(latest.outcomes).toMatchObject([{ code: failed }])
    expect(rest).toHaveLength(earlier + 1)
    await put(before)
  }
})
