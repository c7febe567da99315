import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms"
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import { type RedisServer, startRedis as startFront } from "../../local/redis.ts"
import { type Sandbox, startSandbox } from "../../local/sandbox.ts"
import { secretManagers } from "../../local/secret-managers/all.ts"
import { loadService } from "../../local/service.ts"
import { describeRedisCommands } from "../local/redis-suite.ts"
import { startDynamoDbLocal, startMoto, startRedis } from "./servers.ts"

describe("the Upstash front over a real Redis", () => {
  let redis: Awaited<ReturnType<typeof startRedis>>
  let front: RedisServer

  beforeAll(async () => {
    redis = await startRedis()
    front = await startFront({ token: "t", redisUrl: redis.url })
  })
  afterAll(async () => {
    await front?.close()
    await redis?.stop()
  })

  const post = async (path: string, body: unknown) =>
    (
      await fetch(front.url + path, {
        method: "POST",
        headers: { authorization: "Bearer t" },
        body: JSON.stringify(body),
      })
    ).json()

  describeRedisCommands((...command) => post("/", command))

  test("pipelines and transactions answer as the embedded one does", async () => {
    await post("/", ["SET", "text", "abc"])
    expect(await post("/pipeline", [["INCR", "text"], ["GET"], ["GET", "text"]])).toEqual([
      { error: "ERR value is not an integer or out of range" },
      { error: "ERR wrong number of arguments for 'get' command" },
      { result: "abc" },
    ])
    expect(
      await post("/multi-exec", [
        ["SET", "a", "1"],
        ["INCR", "a"],
      ]),
    ).toEqual([{ result: "OK" }, { result: 2 }])
    expect(await post("/multi-exec", [["SET", "a", "9"], ["NOPE"]])).toEqual({
      error: "EXECABORT Transaction discarded because of previous errors.",
    })
    expect(await post("/", ["GET", "a"])).toEqual({ result: "2" })
  })

  test("a Redis that is not there is said in one line", async () => {
    await redis.stop()
    await expect(startFront({ token: "t", redisUrl: redis.url })).rejects.toThrow(
      "Redis at REDIS_URL cannot be reached; start it or unset the variable.",
    )
  })
})

describe("the sandbox over DynamoDB Local, Moto's KMS and Redis", () => {
  let folder: string
  let sandbox: Sandbox
  let servers: { url: string; stop(): Promise<void> }[] = []

  beforeAll(async () => {
    vi.stubEnv("POWERTOOLS_LOG_LEVEL", "SILENT")
    vi.stubEnv("POWERTOOLS_METRICS_DISABLED", "true")
    folder = mkdtempSync(join(tmpdir(), "latchkey-live-"))
    const [dynamodb, moto, redis] = await Promise.all([startDynamoDbLocal(), startMoto(), startRedis()])
    servers = [dynamodb, moto, redis]
    const kms = new KMSClient({
      endpoint: moto.url,
      region: "us-east-1",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    })
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
    kms.destroy()
    sandbox = await startSandbox({
      port: 0,
      dataDir: folder,
      external: {
        region: "us-east-1",
        dynamodb: { url: dynamodb.url },
        kms: { url: moto.url, keyId: KeyMetadata?.KeyId ?? "" },
        redisUrl: redis.url,
      },
      loadService,
      secretManagers,
    })
  })
  afterAll(async () => {
    await sandbox?.close()
    await Promise.all(servers.map((server) => server.stop()))
    rmSync(folder, { recursive: true })
  })

  test("resolves the demo's references, then answers them from the cache", async () => {
    const resolve = async () => {
      const response = await fetch(`${sandbox.api}/resolve`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${sandbox.tokens.service}`,
          "content-type": "application/json",
        },
        body: JSON.stringify({ value: sandbox.demo.map(({ reference }) => reference) }),
      })
      return response.json()
    }
    expect((await resolve()).value).toEqual(sandbox.demo.map(({ value }) => value))
    expect((await resolve()).references[0].source).toBe("memory")
    expect(sandbox.parts.redis?.commands.count("SET")).toBeGreaterThan(0)
  })
})
