import { once } from "node:events"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { afterEach, describe, expect, test } from "vitest"
import { upstashRedis } from "../../core/redis/upstash.ts"

interface Asked {
  url: string | undefined
  headers: IncomingMessage["headers"]
  commands: unknown
  /** The client's, which tells its connections apart. */
  port: number | undefined
}

const servers: Server[] = []

/** Upstash's REST front, as far as a test says what it answers. */
async function front(answer: (response: ServerResponse, asked: Asked, count: number) => void) {
  const asked: Asked[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const one = {
      url: request.url,
      headers: request.headers,
      port: request.socket.remotePort,
      commands: JSON.parse(Buffer.concat(chunks).toString()),
    }
    answer(response, one, asked.push(one))
  })
  servers.push(server)
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

const results =
  (...values: unknown[]) =>
  (response: ServerResponse) =>
    response.end(JSON.stringify(values.map((result) => ({ result }))))

afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

describe("Redis over Upstash's REST API", () => {
  test("one pipeline is one request, with the token, and answers are taken as they are", async () => {
    const { url, asked } = await front(results(["1", null, '{"a":1}'], "OK", 2))
    const redis = upstashRedis({ url, token: "t0ken" })

    const replies = await redis.pipeline([
      ["MGET", "a", "b", "c"],
      ["SET", "d", "sealed", 5_000, "NX"],
      ["ZCOUNT", "e", 7, "+inf"],
    ])

    expect(replies).toEqual([["1", null, '{"a":1}'], "OK", 2])
    expect(asked).toHaveLength(1)
    expect(asked[0]?.url).toBe("/pipeline")
    expect(asked[0]?.headers.authorization).toBe("Bearer t0ken")
    expect(asked[0]?.commands).toEqual([
      ["mget", "a", "b", "c"],
      ["set", "d", "sealed", "nx", "px", 5_000],
      ["zcount", "e", 7, "+inf"],
    ])
  })

  test("a path in the URL is kept, and the connection", async () => {
    const { url, asked } = await front(results(1))
    const redis = upstashRedis({ url: `${url}/below/`, token: "t" })

    await redis.pipeline([["INCR", "a"]])
    await redis.pipeline([["INCR", "a"]])

    expect(asked.map(({ url }) => url)).toEqual(["/below/pipeline", "/below/pipeline"])
    expect(asked[0]?.port).toBe(asked[1]?.port)
  })

  test("the latest sync token goes back with the next request, so that reads see earlier writes", async () => {
    const { url, asked } = await front((response, _, count) => {
      response.setHeader("upstash-sync-token", `sync-${count}`)
      results(1)(response)
    })
    const redis = upstashRedis({ url, token: "t" })

    for (let i = 0; i < 3; i++) await redis.pipeline([["INCR", "a"]])

    expect(asked.map(({ headers }) => headers["upstash-sync-token"])).toEqual(["", "sync-1", "sync-2"])
  })

  test("a connection that breaks is tried once more", async () => {
    const { url, asked } = await front((response, _, count) =>
      count === 1 ? response.destroy() : results(1)(response),
    )

    expect(await upstashRedis({ url, token: "t" }).pipeline([["INCR", "a"]])).toEqual([1])
    expect(asked).toHaveLength(2)
  })

  test.each<[string, (response: ServerResponse) => void]>([
    ["breaks every connection", (response) => response.destroy()],
    ["answers nothing", () => {}],
    [
      "answers 401 with the command",
      (response) => response.writeHead(401).end('{"error":"no: mget s3cret"}'),
    ],
    ["answers what is no JSON", (response) => response.end("<html>s3cret")],
    ["answers an error to a command", (response) => response.end('[{"error":"WRONGTYPE s3cret"}]')],
  ])("a server that %s is a failure that tells nothing of the command", async (_, answer) => {
    const { url } = await front(answer)
    const redis = upstashRedis({ url, token: "t0ken", timeoutMs: 50 })

    const error = await redis.pipeline([["MGET", "s3cret"]]).catch((error: unknown) => error)

    expect(error).toBeInstanceOf(Error)
    expect(`${(error as Error).stack} ${JSON.stringify(error)}`).not.toMatch(/s3cret|t0ken/)
    expect((error as Error).cause).toBeUndefined()
  })

  test("an answer without end is given up, and not asked for again", async () => {
    let sent = 0
    const { url, asked } = await front((response) => {
      const megabyte = "a".repeat(1024 * 1024)
      const more = () => {
        if (response.destroyed || sent > 200) return
        sent++
        response.write(megabyte, more)
      }
      response.on("error", () => {})
      more()
    })

    await expect(
      upstashRedis({ url, token: "t", timeoutMs: 10_000 }).pipeline([["MGET", "a"]]),
    ).rejects.toThrow("Redis did not answer")

    expect(asked).toHaveLength(1)
    expect(sent).toBeLessThan(100)
  })

  test("the time for a pipeline includes its retry", async () => {
    const { url, asked } = await front((response, _, count) => {
      if (count === 1) response.destroy()
    })
    const started = performance.now()

    await expect(
      upstashRedis({ url, token: "t", timeoutMs: 400 }).pipeline([["INCR", "a"]]),
    ).rejects.toThrow()

    expect(asked).toHaveLength(2)
    expect(performance.now() - started).toBeLessThan(2_000)
  })
})
