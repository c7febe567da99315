import { randomBytes } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb"
import { vi } from "vitest"
import type { Principal } from "../../../core/auth/principal.ts"
import { connectionKey, type Item } from "../../../core/connections/dynamodb-items.ts"
import { LatchkeyError } from "../../../core/errors.ts"
import { startDynamoDb } from "../../../local/dynamodb.ts"
import { functionEnvironment } from "../../../local/environment.ts"
import { startKms } from "../../../local/kms.ts"
import { startRedis } from "../../../local/redis.ts"
import { startVault, type VaultServer } from "../../../local/secret-managers/vault/server.ts"
import { createTables } from "../../../local/tables.ts"
import { admin, apiEvent, service } from "../../functions/fakes.ts"
import { type FaultProxy, startFaultProxy } from "../fault-proxy.ts"
import { type Handlers, startHandlers } from "../handlers.ts"
import { answerTo, carryOut, type Operations } from "./operations.ts"
import { type Platform, platforms } from "./tenant.ts"
import { troubledFront } from "./troubled-front.ts"
import type { World } from "./world.ts"

const count = 3
/** Most answers are there by then. */
const soonMs = 30
const tables = { connections: "connections", audit: "audit", usage: "usage" }
const files = [
  "resolve",
  "clear-cache",
  "create-connection",
  "update-connection",
  "delete-connection",
  "test-connection",
  "webhook-secret",
  "rotated",
] as const

/** The functions as they are deployed, over DynamoDB, KMS and Upstash as the sandbox has them, and a Vault for each platform. */
export interface Deployment {
  /** Other platforms than all before. The instances, and what they remember of others, stay. */
  world(): Promise<World>
  close(): Promise<void>
}

/** Three instances, each in a thread. Their clock can be moved, and runs faster while something is waited for long. */
export async function deploy(): Promise<Deployment> {
  const clock = hastyClock()
  const folder = mkdtempSync(join(tmpdir(), "latchkey-model-"))
  const [dynamodb, kms, redis, acme, evil] = await Promise.all([
    startDynamoDb(),
    startKms({ folder }),
    startRedis({ token: "redis-token" }),
    startVault(),
    startVault(),
  ])
  const vaults: Record<Platform, VaultServer> = { acme, evil }
  const toVault = { acme: await startFaultProxy(acme.url), evil: await startFaultProxy(evil.url) }
  const toRedis: FaultProxy[] = []
  for (let i = 0; i < count; i++) toRedis.push(await startFaultProxy(redis.url))
  const front = troubledFront(redis, toRedis)
  const client = new DynamoDBClient({
    region: "us-east-1",
    endpoint: dynamodb.url,
    credentials: { accessKeyId: "sandbox", secretAccessKey: "sandbox" },
  })
  await createTables(client, tables)
  const start = (i: number) =>
    startHandlers({ files, ahead: clock.ahead }, environment(toRedis[i]?.url ?? ""))
  const instances = await Promise.all(toRedis.map((_, i) => start(i)))
  const stopping: Promise<void>[] = []
  let worlds = 0

  function environment(redisUrl: string): Record<string, string> {
    return {
      ...functionEnvironment({
        region: "us-east-1",
        tables,
        dynamodb,
        kms,
        redis: { url: redisUrl, token: redis.token },
        issuers: [{}],
        consoleOrigin: undefined,
      }),
      LATCHKEY_REQUEST_MS: "10000",
      POWERTOOLS_LOG_LEVEL: "SILENT",
      POWERTOOLS_METRICS_DISABLED: "true",
    }
  }

  async function world(): Promise<World> {
    // Of the form that may be chosen.
    const id = randomBytes(21).toString("hex").slice(0, 21)
    const number = worlds++
    const platformId = (platform: Platform) => `${platform}-${number}`
    const failing = new Set<Platform>()
    const edited = new Map<Platform, Item>()
    let gate: Promise<void> | undefined
    let onHeld = () => {}
    for (const platform of platforms)
      toVault[platform].faultOf = () => {
        if (failing.has(platform)) return { status: 501 }
        if (!gate) return undefined
        onHeld()
        return { until: gate }
      }
    await front.empty()
    // Those that had lost sight of Redis look again.
    clock.advance(60_000)

    const operationsOf = (instance: number, platform: Platform) => {
      const handlers = instances[instance]
      if (!handlers) throw new Error(`There is no instance ${instance}.`)
      const { url, ...credentials } = vaults[platform].config
      return operations(handlers, platformId(platform), { url: toVault[platform].url, ...credentials })
    }

    /** Opens the item to all, or puts back what decides who may use it. */
    async function edit(platform: Platform, undo: boolean): Promise<void> {
      const Key = connectionKey(platformId(platform), id)
      const table = { TableName: tables.connections }
      const { Item } = await client.send(new GetItemCommand({ ...table, Key, ConsistentRead: true }))
      if (!Item) return
      const { projectIds: _dropped, ...rest } = Item
      const { name, scope, settings, projectIds } = (undo && edited.get(platform)) || openToAll
      if (!undo) edited.set(platform, Item)
      const decisive = { name, scope, settings, ...(projectIds && { projectIds }) } as Item
      await client.send(new PutItemCommand({ ...table, Item: { ...rest, ...decisive } }))
    }

    return {
      now: clock.now,
      advance: clock.advance,
      instances: count,
      platformId,
      resolve: (instance, platform, question) => answerTo(question, id, operationsOf(instance, platform)),
      async change(instance, platform, change) {
        const { kind } = change
        if (kind !== "edit by hand" && kind !== "undo the edit") {
          const where = { platformId: platformId(platform), id, now: clock.now() }
          return carryOut(change, where, operationsOf(instance, platform))
        }
        await edit(platform, kind === "undo the edit")
        return undefined
      },
      async write(platform, document, text) {
        const vault = vaults[platform].admin
        if (text !== undefined) await vault.put(document, { user: text, password: text })
        else await vault.call("DELETE", document)
      },
      outage(platform, on) {
        if (on) failing.add(platform)
        else failing.delete(platform)
      },
      hold() {
        const { promise, resolve } = Promise.withResolvers<void>()
        gate = promise
        return {
          noMore() {
            gate = undefined
          },
          release: resolve,
        }
      },
      async restart(instance) {
        const old = instances[instance]
        if (old) stopping.push(old.stop())
        instances[instance] = await start(instance)
      },
      redis: front.trouble,
      async begun(work) {
        const { promise: held, resolve } = Promise.withResolvers<void>()
        onHeld = resolve
        await Promise.race([work.catch(() => {}), held, setTimeout(soonMs)])
      },
      passing: clock.hurrying,
    }
  }

  return {
    world,
    async close() {
      clock.restore()
      client.destroy()
      await Promise.all([...stopping, ...instances.map((instance) => instance.stop())])
      for (const server of [...toRedis, ...Object.values(toVault), dynamodb, kms, redis]) await server.close()
      for (const vault of [acme, evil]) await vault.stop()
      rmSync(folder, { recursive: true })
    },
  }
}

const openToAll: Item = { name: { S: "Edited" }, scope: { S: "PLATFORM" }, settings: { S: "{}" } }

/**
 * The time that really passes and what it is advanced by, in this thread and in those that share it. While work does not end
 * soon it passes several times as fast, so that nobody waits long for what only has to end.
 */
function hastyClock() {
  const [patienceMs, everyMs, haste] = [100, 20, 5]
  const ahead = new Float64Array(new SharedArrayBuffer(8))
  const realNow = Date.now
  const now = () => Math.floor(realNow() + (ahead[0] ?? 0))
  const date = vi.spyOn(Date, "now").mockImplementation(now)
  const advance = (ms: number) => {
    ahead[0] = (ahead[0] ?? 0) + ms
  }

  return {
    ahead,
    now,
    advance,
    restore: () => date.mockRestore(),
    async hurrying<T>(work: Promise<T>): Promise<T> {
      let ended = false
      const end = () => {
        ended = true
      }
      work.then(end, end)
      await Promise.race([work.catch(() => {}), setTimeout(patienceMs)])
      while (!ended) {
        await Promise.race([work.catch(() => {}), setTimeout(everyMs)])
        advance(haste * everyMs)
      }
      return work
    },
  }
}

function operations(handlers: Handlers, platformId: string, config: Record<string, string>): Operations {
  const ada: Principal = { ...admin, platformId }
  const flows: Principal = { ...service, platformId }

  async function call<Reply>(
    file: (typeof files)[number],
    principal: Principal,
    request: { id?: string; query?: object; headers?: object; body?: unknown },
  ): Promise<Reply> {
    const { id, query, headers, body } = request
    const event = apiEvent(
      body,
      {
        pathParameters: { ...(id !== undefined && { id }), ...(file === "rotated" && { platformId }) },
        queryStringParameters: query ?? null,
        headers: { "content-type": "application/json", ...headers },
      },
      principal,
    )
    const where = { domainName: "api.example", path: "/api/v1/secret-managers" }
    const requestContext = { ...event.requestContext, ...where }
    const { statusCode, body: text } = await handlers.invoke(file, { ...event, requestContext })
    const reply = text ? JSON.parse(text) : undefined
    if (statusCode < 300) return reply

    const { code, detail, reason } = reply
    throw new LatchkeyError(code, detail ?? "", reason && { reason })
  }

  return {
    resolve: (body) => call("resolve", flows, { body: { ...body, onError: "report" } }),
    clear: (id) => call("clear-cache", flows, id === undefined ? {} : { query: { connectionId: id } }),
    create: (connection) =>
      call("create-connection", ada, {
        body: { providerId: "hashicorp", name: "Vault", scope: "PLATFORM", config, ...connection },
      }),
    update: (id, { config: renewed, ...patch }) =>
      call("update-connection", ada, {
        id,
        body: { ...patch, ...(renewed && { config: { secretId: config.secretId } }) },
      }),
    remove: (id) => call("delete-connection", ada, { id }),
    test: (id) => call("test-connection", ada, { id }),
    webhookSecret: async (id) => (await call<{ secret: string }>("webhook-secret", ada, { id })).secret,
    rotated: (id, signature) => call("rotated", ada, { id, headers: { "latchkey-signature": signature } }),
  }
}
