import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import { type RedisServer, startRedis } from "../../local/redis.ts"
import { type Fault, type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts"
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

/** What a Redis that is gone may cost the one request that finds it out; the rest is for the request itself on a busy machine. */
const replyMs = 300 + 2_500
/** So long nobody asks a Redis that has failed. */
const pauseMs = 5_000

let api: SandboxApi
let redis: RedisServer
let wire: FaultProxy
let platforms = 0
/** What the functions' clock shows: it stands still, however slow the machine is. */
let now = Date.now()

beforeAll(async () => {
  redis = await startRedis({ token: "redis-token" })
  wire = await startFaultProxy(redis.url)
  api = await startSandboxApi({
    external: { region: "us-east-1", redis: { url: wire.url, token: redis.token } },
  })
  await stopClock()
})

afterAll(async () => {
  vi.restoreAllMocks()
  await api.close()
  for (const part of [wire, redis]) await part.close()
})

/** That which the functions have loaded. */
async function stopClock() {
  const { systemClock } = await import("../../core/clock.ts")
  vi.spyOn(systemClock, "now").mockImplementation(() => now)
}

/** A platform with a connection, and a value in memory and in Redis. */
async function given() {
  now += pauseMs
  const platform = `platform-${++platforms}`
  const ada = api.as(admin(platform))
  const flows = api.as(service(platform))
  const id = await connect(ada, api.vault)
  const path = `secret/data/${platform}`
  await api.vault.admin.put(path, { key: "value-1" })
  const resolve = (extra = {}) =>
    flows.post("/resolve", { value: `{{secret://${id}/${path}/key}}`, ...extra })
  await resolve()
  return { ada, flows, id, path, resolve }
}

const got = ({ status, body }: Answer) =>
  status === 200 ? `${body.value} from ${body.references?.["0"]?.source}` : status

const allGet = (fault: Fault) => () => {
  wire.faultOf = () => fault
}

const faults: [name: string, begin: () => unknown][] = [
  ["refuses connections", () => wire.shut()],
  ["resets connections", allGet("reset")],
  ["never answers", allGet("hang")],
  ["breaks off in the middle of its answers", allGet("cut")],
  ["falls silent in the middle of its answers", allGet("stall")],
  ["answers byte by byte", allGet({ trickleMs: 20 })],
  ["answers too late", allGet({ delayMs: 400 })],
  ["answers 429", allGet({ status: 429 })],
  ["answers 500 with a page", allGet({ status: 500, body: "<h1>Oops</h1>" })],
]

describe("a faulty Redis makes nothing fail, costs one time-out, and loses nothing:", () => {
  test.each(faults)("it %s", async (name, begin) => {
    const { ada, flows, id, path, resolve } = await given()
    await api.vault.admin.put(path, { key: "value-2" })
    const before = wire.sent.length
    await begin()

    const cleared = await timed(flows.delete(`/cache?connectionId=${id}`))
    const first = await timed(resolve())
    const after = await afterTheReply(wire)
    const replies = [
      await timed(resolve()),
      await timed(ada.get("")),
      await timed(ada.post(`/${id}/test`)),
      await timed(ada.post("", vaultConnection(api.vault))),
      await timed(resolve({ at: [""] })),
    ]
    const asked = wire.sent.length - before

    expect(cleared.status).toBe(204)
    expect(got(first)).toBe("value-2 from provider")
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 201, 200])
    expect(got(replies[0] as Answer)).toBe("value-2 from memory")
    for (const { ms } of [cleared, first, ...replies]) expect(ms).toBeLessThan(replyMs)
    expect(after).toEqual(nothing)
    // One question, and once more where the connection broke; then nobody asks.
    expect(asked).toBeLessThanOrEqual(2)

    wire.faultOf = () => undefined
    if (name === "refuses connections") await wire.reopen()
    now += pauseMs
    await flows.delete(`/cache?connectionId=${id}`)
    expect(got(await resolve())).toBe("value-2 from provider")
    expect(wire.sent.length - before - asked).toBeGreaterThan(1)
  })
})

test("a Redis that answers late, but in time, serves", async () => {
  const { resolve } = await given()
  const other = await given()
  await api.restart()
  await stopClock()
  // What loads with the first resolve of an instance may take longer than Redis is given.
  await other.resolve()
  now += pauseMs
  wire.faultOf = () => ({ delayMs: 50 })
  expect(got(await resolve())).toBe("value-1 from cache")
  wire.faultOf = () => undefined
})
