import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { type DynamoDbServer, startDynamoDb } from "../../local/dynamodb.ts"
import { type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts"
import {
  type Answer,
  admin,
  type Caller,
  connect,
  type SandboxApi,
  service,
  startSandboxApi,
  vaultConnection,
} from "../support/sandbox-api.ts"

let api: SandboxApi
let dynamodb: DynamoDbServer
let wire: FaultProxy
let platforms = 0
let ada: Caller
let flows: Caller

const document = "secret/data/app/outage"

beforeAll(async () => {
  dynamodb = await startDynamoDb()
  wire = await startFaultProxy(dynamodb.url)
  api = await startSandboxApi({ external: { region: "us-east-1", dynamodb: { url: wire.url } } })
})

beforeEach(async () => {
  const platform = `platform-${++platforms}`
  ada = api.as(admin(platform))
  flows = api.as(service(platform))
  wire.sent.length = 0
  await api.vault.admin.put(document, { key: "value-1" })
})

afterEach(() => {
  wire.faultOf = () => undefined
  const { redis, kms } = api.sandbox.parts
  for (const part of [redis, kms]) if (part) part.faults.mode = "answer"
})

afterAll(async () => {
  await api.close()
  await wire.close()
  await dynamodb.close()
})

const secret = (id: string) => ({ value: `{{secret://${id}/${document}/key}}` })
const unavailable = { status: 503, body: { code: "UNAVAILABLE" } }

/** A value and where it came from, or the status. */
const got = ({ status, body }: Answer) =>
  status === 200 ? `${body.value} from ${body.references?.["0"]?.source}` : status

const embedded = (name: "redis" | "kms") => {
  const part = api.sandbox.parts[name]
  if (part === undefined) throw new Error(`${name} is not embedded here.`)
  return part
}

/** Cuts off what goes to a table, if it holds `text`. */
function refuseTable(table: string, text = ""): void {
  wire.faultOf = ({ body }) =>
    body.includes(`latchkey-${table}`) && body.includes(text) ? "reset" : undefined
}

describe("no value leaves", () => {
  test("before the record of who asked for it is stored", async () => {
    const id = await connect(ada, api.vault)
    await flows.post("/resolve", secret(id))
    refuseTable("audit")
    const answer = await flows.post("/resolve", secret(id))
    expect(answer).toMatchObject(unavailable)
    expect(answer.text).not.toContain("value-1")
    expect(await flows.post("/validate", secret(id))).toMatchObject(unavailable)
    wire.faultOf = () => undefined
    expect(got(await flows.post("/resolve", secret(id)))).toBe("value-1 from memory")
  })

  test("where the record of what became of it cannot be stored", async () => {
    const id = await connect(ada, api.vault)
    refuseTable("audit", "outcomes")
    const answer = await flows.post("/resolve", secret(id))
    expect(answer).toMatchObject(unavailable)
    expect(answer.text).not.toContain("value-1")
  })

  test("without a record that names the request, its paths and its caller", async () => {
    const id = await connect(ada, api.vault)
    const { headers } = await flows.post("/resolve", secret(id))
    const requestId = headers.get("x-request-id") ?? "none"
    const records = wire.sent.filter(
      ({ body }) => body.includes("latchkey-audit") && body.includes(requestId),
    )
    expect(records.map(({ operation }) => operation)).toEqual(Array(2).fill("DynamoDB_20120810.PutItem"))
    for (const { body } of records) expect(body.toString()).toContain(`service@platform-${platforms}`)
    expect(records.map(({ body }) => body.toString().includes(`${document}/key`))).toEqual([true, true])
  })
})

describe("nothing is done", () => {
  test("that cannot be recorded", async () => {
    const id = await connect(ada, api.vault)
    refuseTable("audit")
    const logins = api.vault.requests.count("login")
    const answers = await Promise.all([
      ada.post("", vaultConnection(api.vault)),
      ada.patch(`/${id}`, { name: "Renamed" }),
      ada.delete(`/${id}`),
      ada.post(`/${id}/test`),
      ada.delete(`/cache?connectionId=${id}`),
    ])
    for (const answer of answers) expect(answer).toMatchObject(unavailable)
    wire.faultOf = () => undefined
    expect(api.vault.requests.count("login")).toBe(logins)
    expect((await ada.get("")).body.data).toMatchObject([{ id, name: "Vault", version: 1 }])
  })

  test("twice, or by halves, where the store goes away in the middle", async () => {
    refuseTable("connections", "config")
    expect(await ada.post("", vaultConnection(api.vault))).toMatchObject(unavailable)
    wire.faultOf = () => undefined
    expect((await ada.get("")).body.data).toEqual([])
    const id = await connect(ada, api.vault)
    expect((await ada.get("")).body.data).toMatchObject([{ id }])
  })
})

describe("DynamoDB gone", () => {
  test("is said to everyone, and forgotten when it is back", async () => {
    const id = await connect(ada, api.vault)
    await flows.post("/resolve", secret(id))
    wire.faultOf = () => "reset"
    const answers = await Promise.all([flows.post("/resolve", secret(id)), ada.get(""), ada.get(`/${id}`)])
    for (const answer of answers) {
      expect(answer).toMatchObject(unavailable)
      expect(answer.text).not.toContain("value-1")
    }
    expect((await api.as().get("/openapi.json")).status).toBe(200)
    expect((await flows.post("/resolve", { value: "no references" })).status).toBe(200)
    wire.faultOf = () => undefined
    expect(got(await flows.post("/resolve", secret(id)))).toBe("value-1 from memory")
  })

  test("for the table of usage alone harms nobody", async () => {
    const id = await connect(ada, api.vault)
    refuseTable("usage")
    expect(got(await flows.post("/resolve", secret(id)))).toBe("value-1 from provider")
  })
})

describe("Redis", () => {
  test.for(["refuse", "hang"] as const)("that is gone (%s) makes nothing fail", async (mode) => {
    embedded("redis").faults.mode = mode
    const id = await connect(ada, api.vault)
    expect(got(await flows.post("/resolve", secret(id)))).toBe("value-1 from provider")
    expect((await ada.get("")).body.data).toMatchObject([{ connection: { connected: true } }])
    expect((await ada.post(`/${id}/test`)).body).toMatchObject({ connected: true })
  })

  test("that comes back with what it had brings back nothing that was cleared meanwhile", async () => {
    const id = await connect(ada, api.vault)
    await flows.post("/resolve", secret(id))
    await api.vault.admin.put(document, { key: "value-2" })
    embedded("redis").faults.mode = "refuse"
    expect((await ada.delete(`/cache?connectionId=${id}`)).status).toBe(204)
    embedded("redis").faults.mode = "answer"
    expect(got(await flows.post("/resolve", secret(id)))).toBe("value-2 from provider")
  })
})

describe("KMS gone", () => {
  test("lets go on what is unwrapped already, and nothing else", async () => {
    const id = await connect(ada, api.vault)
    await flows.post("/resolve", secret(id))
    embedded("kms").faults.mode = "refuse"
    expect(got(await flows.post("/resolve", secret(id)))).toBe("value-1 from memory")
    const elsewhere = api.as(admin("elsewhere"))
    expect(await elsewhere.post("", vaultConnection(api.vault))).toMatchObject(unavailable)
    embedded("kms").faults.mode = "answer"
    expect((await elsewhere.get("")).body.data).toEqual([])
    expect((await elsewhere.post("", vaultConnection(api.vault))).status).toBe(201)
  })

  test("at the start of an instance is an outage, never a way without keys", async () => {
    const id = await connect(ada, api.vault)
    await api.restart()
    embedded("kms").faults.mode = "refuse"
    for (const answer of [
      await flows.post("/resolve", secret(id)),
      await ada.get(""),
      await ada.patch(`/${id}`, { name: "b" }),
    ])
      expect(answer).toMatchObject(unavailable)
    embedded("kms").faults.mode = "answer"
    expect(got(await flows.post("/resolve", secret(id)))).toBe("value-1 from provider")
  })
})
