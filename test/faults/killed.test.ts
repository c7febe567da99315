import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { type RedisServer, startRedis } from "../../local/redis.ts"
import { startVault, type VaultServer } from "../../local/secret-managers/vault/server.ts"
import { type Caller, callerAt, connect, vaultConnection } from "../support/sandbox-api.ts"

/** `npm start` in a process of its own, over a Redis and a Vault that outlive it. */
const start = join(import.meta.dirname, "../../local/start.ts")
let folder: string
let vault: VaultServer
let redis: RedisServer
let running: ChildProcess | undefined

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "latchkey-killed-"))
  vault = await startVault({ demo: true })
  redis = await startRedis({ token: "outlives" })
})

afterAll(async () => {
  running?.kill("SIGKILL")
  await vault.stop()
  await redis.close()
  rmSync(folder, { recursive: true })
})

async function startSandbox(): Promise<{
  sandbox: ChildProcess
  ended: Promise<unknown[]>
  ada: Caller
  flows: Caller
}> {
  const sandbox = spawn(
    process.execPath,
    [start, "--port", "0", "--data-dir", join(folder, "data"), "--no-demo"],
    {
      stdio: ["ignore", "pipe", "ignore"],
      env: {
        ...process.env,
        POWERTOOLS_LOG_LEVEL: "SILENT",
        UPSTASH_REDIS_REST_URL: redis.url,
        UPSTASH_REDIS_REST_TOKEN: redis.token,
      },
    },
  )
  running = sandbox
  const ended = once(sandbox, "exit")
  let stdout = ""
  for await (const chunk of sandbox.stdout ?? []) {
    stdout += chunk
    if (/^latchkey ready .*\n/m.test(stdout)) break
  }
  const ready = JSON.parse(/^latchkey ready (.*)$/m.exec(stdout)?.[1] ?? "{}")
  return {
    sandbox,
    ended,
    ada: callerAt(ready.api, ready.adminToken),
    flows: callerAt(ready.api, ready.serviceToken),
  }
}

const secret = (id: string) => ({ value: `{{secret://${id}/secret/data/app/durable/key}}` })

test("what was acknowledged survives the death of the process, and what a clear took away stays away", async () => {
  const first = await startSandbox()
  await vault.admin.put("secret/data/app/durable", { key: "value-1" })
  const [cleared, kept] = [await connect(first.ada, vault), await connect(first.ada, vault)]
  for (const id of [cleared, kept])
    expect((await first.flows.post("/resolve", secret(id))).body.value).toBe("value-1")
  await vault.admin.put("secret/data/app/durable", { key: "value-2" })

  const writes = await Promise.all([
    ...Array.from({ length: 4 }, (_, i) =>
      first.ada.post("", vaultConnection(vault, { name: `Created ${i}` })),
    ),
    first.ada.patch(`/${kept}`, { name: "Updated" }),
    first.ada.delete(`/cache?connectionId=${cleared}`),
  ])
  first.sandbox.kill("SIGKILL")
  expect(writes.map(({ status }) => status)).toEqual([201, 201, 201, 201, 200, 204])
  expect(await first.ended).toEqual([null, "SIGKILL"])

  const second = await startSandbox()
  for (const { body } of writes.slice(0, 5))
    expect((await second.ada.get(`/${body.id}`)).body).toMatchObject({
      name: body.name,
      version: body.version,
    })
  // Redis still has both values: what the clear said stands in DynamoDB.
  expect((await second.flows.post("/resolve", secret(cleared))).body).toMatchObject({
    value: "value-2",
    references: [{ source: "provider" }],
  })
  expect((await second.flows.post("/resolve", secret(kept))).body).toMatchObject({
    value: "value-1",
    references: [{ source: "cache" }],
  })

  // Ctrl-C while a request is under way.
  vault.faults.set({ slowMs: 300, operation: "read", times: 1 })
  await second.ada.delete("/cache")
  const reads = vault.requests.count("read")
  const underWay = second.flows.post("/resolve", secret(kept))
  await expect.poll(() => vault.requests.count("read"), { interval: 10 }).toBe(reads + 1)
  second.sandbox.kill("SIGINT")
  expect((await underWay).body.value).toBe("value-2")
  expect(await second.ended).toEqual([0, null])

  const third = await startSandbox()
  expect((await third.ada.get("")).body.data).toHaveProperty("length", 6)
  third.sandbox.kill("SIGTERM")
  expect(await third.ended).toEqual([0, null])
}, 60_000)

test("who was answered before the process died is in the audit", async () => {
  const first = await startSandbox()
  await vault.admin.put("secret/data/app/durable", { key: "value" })
  const id = await connect(first.ada, vault)
  const answered: string[] = []
  const untilItDies = async () => {
    for (;;) {
      const { status, headers } = await first.flows.post("/resolve", secret(id))
      if (status === 200) answered.push(headers.get("x-request-id") ?? "")
    }
  }
  const callers = Array.from({ length: 4 }, () => untilItDies().catch(() => {}))
  await expect.poll(() => answered.length, { timeout: 20_000, interval: 5 }).toBeGreaterThan(50)
  first.sandbox.kill("SIGKILL")
  await Promise.all([...callers, first.ended])

  const second = await startSandbox()
  const recorded = new Set<unknown>()
  for (let cursor = ""; ; ) {
    const { body } = await second.ada.get(
      `/audit?action=secret.resolve&connectionId=${id}&limit=100${cursor}`,
    )
    for (const event of Array.isArray(body.data) ? body.data : []) recorded.add(event.requestId)
    if (typeof body.next !== "string") break
    cursor = `&cursor=${body.next}`
  }
  expect(new Set(answered).size).toBe(answered.length)
  expect(answered.filter((requestId) => !recorded.has(requestId))).toEqual([])
  second.sandbox.kill("SIGTERM")
  expect(await second.ended).toEqual([0, null])
}, 60_000)
