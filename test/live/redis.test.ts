import { Redis } from "ioredis"
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"
import { startRedis } from "./servers.ts"

describe("Redis", () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  const clients: Redis[] = []
  const connect = () => {
    const client = new Redis(server.url, {
      commandTimeout: 300,
      maxRetriesPerRequest: 0,
      retryStrategy: null,
    })
    client.on("error", () => {}) // the command that meets it rejects as well
    clients.push(client)
    return client
  }

  beforeAll(async () => {
    server = await startRedis()
  })
  afterEach(() => {
    for (const client of clients.splice(0)) client.disconnect()
  })
  afterAll(() => server?.stop())

  test("answers PING, and grants a lease once", async () => {
    const redis = connect()

    expect(await redis.ping()).toBe("PONG")
    expect(await redis.set("lease", "mine", "PX", 60_000, "NX")).toBe("OK")
    expect(await redis.set("lease", "yours", "PX", 60_000, "NX")).toBeNull()
  })

  test("paused it keeps its callers waiting, and resumed it answers again", async () => {
    const redis = connect()
    await redis.ping()

    server.pause()
    await expect(redis.ping()).rejects.toThrow("Command timed out")
    server.resume()

    expect(await connect().ping()).toBe("PONG")
  })

  test("stopped it refuses connections, and restarted it is there again at the same URL, empty", async () => {
    await connect().set("kept", "no")

    await server.stop()
    await expect(connect().ping()).rejects.toThrow()
    await server.restart()

    expect(await connect().get("kept")).toBeNull()
  })
})
