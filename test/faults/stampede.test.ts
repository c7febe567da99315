import type { ChildProcess } from "node:child_process"
import { afterAll, beforeAll, expect, test } from "vitest"
import { type RedisServer, startRedis } from "../../local/redis.ts"
import { type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts"
import { type Instances, startInstances } from "../support/instances.ts"
import { nextMessage, startProcess, stopProcess } from "../support/processes.ts"
import { admin, connect, type SandboxApi, startSandboxApi } from "../support/sandbox-api.ts"

const processes = 8
const times = 125
/** By which time is stretched, in Redis too: that all of this shares two cores is to be no outage. */
const slowness = 100

let dynamodb: ChildProcess
let redis: RedisServer
let wire: FaultProxy
let api: SandboxApi
let instances: Instances
let id: string

beforeAll(async () => {
  dynamodb = startProcess("dynamodb-process.ts")
  const { url } = (await nextMessage(dynamodb)) as { url: string }
  redis = await startRedis({ token: "redis-token" })
  wire = await startFaultProxy(redis.url)
  wire.rewrite = (body) =>
    Buffer.from(body.toString().replace(/"px",(\d+)/g, (_, ms) => `"px",${ms * slowness}`))
  // What is counted here is not in the audit, which would be most of the work.
  process.env.LATCHKEY_AUDIT = "off"
  api = await startSandboxApi({
    external: { region: "us-east-1", dynamodb: { url }, redis: { url: wire.url, token: redis.token } },
  })
  id = await connect(api.as(admin("acme")), api.vault)
  instances = await startInstances(processes, { slowness })
  // The secret is to be cold, not the instances.
  expect(await stampede("warm", 1)).toMatchObject({ answers: { '"warm"': processes } })
}, 180_000)

afterAll(async () => {
  await instances.stop()
  await api.close()
  for (const part of [wire, redis]) await part.close()
  await stopProcess(dynamodb)
})

async function stampede(name: string, times: number) {
  await api.vault.admin.put(`secret/data/${name}`, { key: name })
  const before = api.vault.requests.count("read")
  const answers = await instances.all({ value: `{{secret://${id}/secret/data/${name}/key}}`, times })
  return { answers, reads: api.vault.requests.count("read") - before }
}

test("a thousand resolves of a cold secret on eight instances cause two reads at most", async () => {
  const { answers, reads } = await stampede("shared", times)
  expect(answers).toEqual({ '"shared"': processes * times })
  expect([1, 2]).toContain(reads)
}, 180_000)

test("without Redis they cause one for each instance at most", async () => {
  await wire.shut()
  const { answers, reads } = await stampede("alone", times)
  expect(answers).toEqual({ '"alone"': processes * times })
  expect(reads).toBeLessThanOrEqual(processes)
}, 180_000)
