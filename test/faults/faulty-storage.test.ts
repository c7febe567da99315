import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { AuditList } from "../../core/audit/list.ts"
import { type DynamoDbServer, startDynamoDb } from "../../local/dynamodb.ts"
import { type KmsServer, startKms } from "../../local/kms.ts"
import { type Fault, type FaultProxy, type Sent, startFaultProxy } from "../support/fault-proxy.ts"
import {
  type Answer,
  admin,
  connect,
  type SandboxApi,
  service,
  startSandboxApi,
  vaultConnection,
} from "../support/sandbox-api.ts"
import { afterTheReply, nothing, timed } from "./timed.ts"

/** A call of AWS ends after four seconds, and nothing asked here waits for two. The rest is for a busy machine. */
const replyMs = 4_000 + 4_500

let api: SandboxApi
let folder: string
let dynamodb: DynamoDbServer
let kms: KmsServer
let wires: { dynamodb: FaultProxy; kms: FaultProxy; vault: FaultProxy }
let platforms = 0
/** What becomes of requests that hold a text: faults are a platform's own, so that they need not come one after another. */
const faulty: { wire: FaultProxy; of: (request: Sent) => boolean; fault: Fault; times: number }[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "latchkey-faults-"))
  dynamodb = await startDynamoDb()
  kms = await startKms({ folder })
  const [toDynamodb, toKms] = [await startFaultProxy(dynamodb.url), await startFaultProxy(kms.url)]
  api = await startSandboxApi({
    external: {
      region: "us-east-1",
      dynamodb: { url: toDynamodb.url },
      kms: { url: toKms.url, keyId: kms.keyId },
    },
  })
  wires = { dynamodb: toDynamodb, kms: toKms, vault: await startFaultProxy(api.vault.url) }
  for (const wire of Object.values(wires))
    wire.faultOf = (request) => {
      const one = faulty.find((one) => one.wire === wire && one.times > 0 && one.of(request))
      if (one) one.times--
      return one?.fault
    }
  await api.vault.admin.put("secret/data/app/durable", { key: "value" })
})

afterAll(async () => {
  await api.close()
  for (const part of [...Object.values(wires), dynamodb, kms]) await part.close()
  rmSync(folder, { recursive: true })
})

/** A platform with a connection of which all is known, a value cached, and another of which nothing is. */
async function given() {
  const platform = `platform-${++platforms}-`
  const ada = api.as(admin(platform))
  const flows = api.as(service(platform))
  const id = await connect(ada, api.vault)
  const cold = await connect(ada, api.vault, { name: "Cold" })
  const secret = (connection = id) => ({ value: `{{secret://${connection}/secret/data/app/durable/key}}` })
  await flows.post("/resolve", secret())
  const ours = ({ body }: Sent) => body.includes(platform)

  /** All requests on our account meet the fault from now on, or as many of those that `of` picks. Gives what ends it. */
  function begin(wire: FaultProxy, fault: Fault, { times = Number.POSITIVE_INFINITY, of = ours } = {}) {
    const one = { wire, fault, times, of: (request: Sent) => ours(request) && of(request) }
    faulty.push(one)
    return () => {
      faulty.splice(faulty.indexOf(one), 1)
      return one
    }
  }
  async function trail(): Promise<AuditList["data"]> {
    return JSON.parse((await ada.get("/audit")).text).data
  }
  return { ada, flows, id, cold, secret, ours, begin, trail }
}

type Given = Awaited<ReturnType<typeof given>>

const unavailable = { status: 503, body: { code: "UNAVAILABLE" } }
const create = (name = "New") => vaultConnection(api.vault, { name })

async function names({ ada }: Given): Promise<unknown[]> {
  return JSON.parse((await ada.get("")).text)
    .data.map(({ name }: { name: string }) => name)
    .sort()
}

const failing: [name: string, fault: Fault][] = [
  ["resets connections", "reset"],
  ["never answers", "hang"],
  ["breaks off in the middle of its answers", "cut"],
  ["falls silent in the middle of its answers", "stall"],
  ["answers byte by byte", { trickleMs: 100 }],
  ["answers 429", { status: 429 }],
  ["answers 500 with a page", { status: 500, body: "<h1>Oops</h1>" }],
]

const asks =
  (operation: string, table = "") =>
  (request: Sent) =>
    request.operation.endsWith(operation) && request.body.includes(table)

describe("what goes wrong once", () => {
  // First of all: the SDK has a budget for retries, which the others use up.
  test.each<[string, Fault]>([
    ["a reset", "reset"],
    ["an answer that breaks off", "cut"],
    ["a 500", { status: 500 }],
  ])("is tried again, and is done once: %s", async (_, fault) => {
    const all = await given()
    const { ada, flows, id, cold, secret, begin, trail } = all
    const { dynamodb, kms } = wires
    async function meeting(wire: FaultProxy, of: (request: Sent) => boolean, work: () => Promise<Answer>) {
      const end = begin(wire, fault, { of, times: 1 })
      const { status } = await work()
      expect(end().times).toBe(0)
      return status
    }
    const resolve = (connection?: string) => flows.post("/resolve", secret(connection))
    expect([
      await meeting(dynamodb, asks("BatchGetItem"), () => resolve()),
      await meeting(dynamodb, asks("PutItem", "latchkey-audit"), () => resolve()),
      await meeting(kms, asks("Decrypt"), () => resolve(cold)),
      await meeting(dynamodb, asks("BatchWriteItem"), () =>
        flows.post("/resolve", { ...secret(), projectId: "p1" }),
      ),
      await meeting(dynamodb, asks("PutItem", "latchkey-connections"), () => ada.post("", create())),
      await meeting(kms, asks("GenerateDataKey"), () => ada.post("", create("Newer"))),
      await meeting(dynamodb, asks("UpdateItem", "version"), () => ada.patch(`/${id}`, { name: "Renamed" })),
      await meeting(dynamodb, asks("UpdateItem", "generation"), () =>
        flows.delete(`/cache?connectionId=${id}`),
      ),
      await meeting(dynamodb, asks("DeleteItem"), () => ada.delete(`/${cold}`)),
    ]).toEqual([200, 200, 200, 200, 201, 201, 200, 204, 204])
    expect(await names(all)).toEqual(["New", "Newer", "Renamed"])
    expect((await ada.get(`/${id}`)).body).toMatchObject({ version: 2 })
    const actions = (await trail()).map(({ action }) => action)
    const count = (name: string) => actions.filter((action) => action === name).length
    expect(["connection.created", "connection.updated", "cache.cleared"].map(count)).toEqual([4, 1, 1])
    expect((await ada.get(`/${id}/usage`)).text).toContain('"projectId":"p1"')
  })
})

describe.concurrent("an outage of storage or keys is told, in time, loses nothing, and leaves nothing under way:", () => {
  const prepared: Given[] = []
  beforeAll(async () => {
    for (const _ of [...failing, ...failing]) prepared.push(await given())
  })

  test.for(failing)("DynamoDB %s", async ([, fault]) => {
    const all = prepared.pop() ?? (await given())
    const { ada, flows, id, secret, ours, begin, trail } = all
    const end = begin(wires.dynamodb, fault)
    const replies = await Promise.all([
      timed(flows.post("/resolve", secret())),
      timed(ada.get("")),
      timed(ada.post("", create())),
      timed(flows.delete(`/cache?connectionId=${id}`)),
    ])
    const after = await afterTheReply(wires.dynamodb, ours)
    end()
    for (const reply of replies) {
      expect(reply).toMatchObject(unavailable)
      expect(reply.headers.get("content-type")).toBe("application/problem+json")
      expect(reply.text).not.toMatch(/value|<h1>/)
      expect(reply.ms).toBeLessThan(replyMs)
    }
    expect(after).toEqual(nothing)
    expect((await flows.post("/resolve", secret())).body).toMatchObject({ value: "value" })
    expect(await names(all)).toEqual(["Cold", "Vault"])
    const created = (await trail()).filter(({ action, code }) => action === "connection.created" && !code)
    expect(created.length).toBeGreaterThanOrEqual(2)
  })

  test.for(failing)("KMS %s", async ([, fault]) => {
    const all = prepared.pop() ?? (await given())
    const { ada, flows, cold, secret, ours, begin } = all
    const end = begin(wires.kms, fault)
    const [known, ...replies] = await Promise.all([
      timed(flows.post("/resolve", secret())),
      timed(flows.post("/resolve", secret(cold))),
      timed(ada.post("", create())),
    ])
    const after = await afterTheReply(wires.kms, ours)
    end()
    expect(known).toMatchObject({
      status: 200,
      body: { value: "value", references: [{ source: "memory" }] },
    })
    for (const reply of replies) {
      expect(reply).toMatchObject(unavailable)
      expect(reply.ms).toBeLessThan(replyMs)
    }
    expect(after).toEqual(nothing)
    expect(await names(all)).toEqual(["Cold", "Vault"])
    expect((await flows.post("/resolve", secret(cold))).body).toMatchObject({ value: "value" })
    expect((await ada.post("", create())).status).toBe(201)
  })
})

describe("a resolve of two connections, of which one fails for want of its key", () => {
  test("is answered at once, and leaves nothing under way at the other's secret manager", async () => {
    const { ada, flows, cold, begin } = await given()
    const config = { ...api.vault.config, url: wires.vault.url }
    const silent = await connect(ada, api.vault, { config })
    const value = [silent, cold].map((id) => `{{secret://${id}/secret/data/app/durable/key}}`)
    await flows.post("/resolve", {
      value: `{{secret://${silent}/secret/data/app/other/key}}`,
      onError: "report",
    })
    wires.vault.faultOf = () => "hang"
    begin(wires.kms, { status: 500 })
    const reply = await timed(flows.post("/resolve", { value, onError: "report" }))
    expect(reply).toMatchObject(unavailable)
    expect(await afterTheReply(wires.vault)).toEqual(nothing)
    expect(reply.ms).toBeLessThan(4_000)
    expect(wires.vault.sent.at(-1)?.path).toContain("durable")
  })
})

describe("DynamoDB and KMS", () => {
  test("that answer late, but in time, cost that time and nothing else", async () => {
    const all = await given()
    const { ada, flows, id, cold, secret, begin } = all
    for (const wire of [wires.dynamodb, wires.kms]) begin(wire, { delayMs: 100 })
    const replies = await Promise.all([
      flows.post("/resolve", secret(cold)),
      ada.post("", create()),
      ada.patch(`/${id}`, { name: "Renamed" }),
      flows.delete(`/cache?connectionId=${cold}`),
    ])
    expect(replies.map(({ status }) => status)).toEqual([200, 201, 200, 204])
    expect(await names(all)).toEqual(["Cold", "New", "Renamed"])
  })

  test("that refuse connections are UNAVAILABLE to whom they are needed for, until they are back", async () => {
    const all = await given()
    const { ada, flows, cold, secret } = all
    await wires.kms.shut()
    const withoutKeys = await Promise.all([
      timed(flows.post("/resolve", secret(cold))),
      timed(ada.post("", create())),
    ])
    await wires.dynamodb.shut()
    const withoutStore = await Promise.all([timed(flows.post("/resolve", secret())), timed(ada.get(""))])
    await Promise.all([wires.dynamodb.reopen(), wires.kms.reopen()])
    for (const reply of [...withoutKeys, ...withoutStore]) {
      expect(reply).toMatchObject(unavailable)
      expect(reply.ms).toBeLessThan(replyMs)
    }
    expect(await names(all)).toEqual(["Cold", "Vault"])
    expect((await flows.post("/resolve", secret(cold))).body).toMatchObject({ value: "value" })
  })
})
