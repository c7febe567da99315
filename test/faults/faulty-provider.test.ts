import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { AuditList } from "../../core/audit/list.ts"
import type { Reason } from "../../core/errors.ts"
import { type Fault, type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts"
import {
  admin,
  connect,
  type SandboxApi,
  service,
  startSandboxApi,
  vaultConnection,
} from "../support/sandbox-api.ts"
import { afterTheReply, nothing, timed } from "./timed.ts"

/** The deployment's deadlines: of a request to a secret manager, and of a resolve as a whole. */
const requestMs = 2_000
const resolveMs = 8_000

let api: SandboxApi
let platforms = 0
const proxies: FaultProxy[] = []

beforeAll(async () => {
  api = await startSandboxApi({
    environment: { LATCHKEY_RESOLVE_MS: String(resolveMs), LATCHKEY_REQUEST_MS: String(requestMs) },
  })
  await api.vault.admin.put("secret/data/app/known", { key: "known" })
  await api.vault.admin.put("secret/data/app/new", { key: "new" })
})

afterAll(async () => {
  await api.close()
  for (const proxy of proxies) await proxy.close()
})

/** A platform with a connection that leads through a proxy, and one value cached. */
async function given() {
  const platform = `platform-${++platforms}`
  const wire = await startFaultProxy(api.vault.url)
  proxies.push(wire)
  const ada = api.as(admin(platform))
  const flows = api.as(service(platform))
  const config = { ...api.vault.config, url: wire.url }
  const id = await connect(ada, api.vault, { config })
  const secret = (name: string) => ({ value: `{{secret://${id}/secret/data/app/${name}/key}}` })
  await flows.post("/resolve", secret("known"))
  return { wire, ada, flows, id, secret, config }
}

type Given = Awaited<ReturnType<typeof given>>

/** Everything that asks the secret manager, at the same time. */
const drive = ({ ada, flows, id, secret, config }: Given) =>
  Promise.all([
    timed(flows.post("/resolve", secret("new"))),
    timed(flows.post("/resolve", { ...secret("new"), onError: "report" })),
    timed(ada.post("", vaultConnection(api.vault, { config }))),
    timed(ada.patch(`/${id}`, { config: { secretId: api.vault.config.secretId } })),
    timed(ada.post(`/${id}/test`)),
  ])

const allGet = (fault: Fault) => (wire: FaultProxy) => {
  wire.faultOf = () => fault
}

const faults: [name: string, begin: (wire: FaultProxy) => unknown, reason: Reason][] = [
  ["refuses connections", (wire) => wire.shut(), "UNREACHABLE"],
  ["resets connections", allGet("reset"), "UNREACHABLE"],
  ["never answers", allGet("hang"), "TIMEOUT"],
  ["breaks off in the middle of its answers", allGet("cut"), "UNREACHABLE"],
  ["falls silent in the middle of its answers", allGet("stall"), "TIMEOUT"],
  ["answers byte by byte", allGet({ trickleMs: 50 }), "TIMEOUT"],
  ["answers 429", allGet({ status: 429 }), "THROTTLED"],
  ["answers 500 with a page", allGet({ status: 500, body: "<h1>Oops</h1>" }), "PROVIDER_ERROR"],
]

describe.concurrent("what a secret manager does wrong is told as such, in time, and leaves nothing under way:", () => {
  const prepared: Given[] = []
  beforeAll(async () => {
    for (const _ of faults) prepared.push(await given())
  })

  test.for(faults)("it %s", async ([, begin, reason]) => {
    const all = prepared.pop() ?? (await given())
    const { wire, ada, flows, id, secret } = all
    await begin(wire)
    const replies = await drive(all)
    const after = await afterTheReply(wire)
    const known = await flows.post("/resolve", secret("known"))

    const [resolved, reported, created, updated, tested] = replies
    expect(resolved).toMatchObject({
      status: 424,
      body: { code: "SECRET_MANAGER_GET_SECRET_FAILED", reason },
    })
    expect(reported).toMatchObject({
      status: 200,
      body: { value: null, references: [{ error: { reason } }] },
    })
    for (const one of [created, updated])
      expect(one).toMatchObject({ status: 400, body: { code: "SECRET_MANAGER_CONNECTION_FAILED", reason } })
    expect(tested).toMatchObject({ status: 200, body: { connected: false } })
    expect(JSON.parse(tested.text).steps.at(-1)).toMatchObject({ ok: false, error: { reason } })
    for (const { ms, text } of replies) {
      expect(ms).toBeLessThan(resolveMs)
      expect(text).not.toContain("<h1>")
    }
    expect(after).toEqual(nothing)
    expect(known.body).toMatchObject({ value: "known", references: [{ source: "memory" }] })

    wire.faultOf = () => undefined
    if (begin === faults[0]?.[1]) await wire.reopen()
    expect((await ada.post(`/${id}/test`)).body).toMatchObject({ connected: true })
    expect((await flows.post("/resolve", secret("new"))).body).toMatchObject({ value: "new" })
    expect((await ada.get("")).body.data).toMatchObject([{ id, version: 1 }])
    const { data }: AuditList = JSON.parse((await ada.get("/audit")).text)
    const failures = data.filter((event) => event.reason === reason).map(({ action }) => action)
    expect(failures.sort()).toEqual(["connection.created", "connection.updated"])
    const outcomes = data.flatMap((event) => event.outcomes ?? [])
    expect(outcomes.filter((outcome) => outcome.reason === reason)).toHaveLength(2)
  })
})

test("a secret manager that answers late, but in time, costs that time and nothing else", async () => {
  const all = await given()
  all.wire.faultOf = () => ({ delayMs: 100 })
  const [resolved, reported, created, updated, tested] = await drive(all)
  for (const one of [resolved, reported]) expect(one.body).toMatchObject({ value: "new" })
  expect([created.status, updated.status, tested.body.connected]).toEqual([201, 200, true])
  expect(await afterTheReply(all.wire)).toEqual(nothing)
})
