import { describe, expect, test, vi } from "vitest"
import { retryAfter } from "../../core/network/retry.ts"
import { httpServer, openClient, tcpServer } from "./servers.ts"

describe("a retry", () => {
  test.each([412, 429, 500, 502, 503, 504])("follows an answer of %i, for a login too", async (status) => {
    const server = await httpServer((response, _, count) =>
      response.writeHead(count < 3 ? status : 200).end(),
    )
    const { ask, clock } = openClient()
    expect((await ask(server.url, { method: "POST", body: "login" })).status).toBe(200)
    expect(server.received.map(({ body }) => body)).toEqual(["login", "login", "login"])
    expect(clock.slept).toHaveLength(2)
  })

  test.each([200, 304, 400, 401, 403, 404, 408, 422, 472, 501])(
    "never follows an answer of %i",
    async (status) => {
      const server = await httpServer((response) => response.writeHead(status).end())
      expect((await openClient().ask(server.url)).status).toBe(status)
      expect(server.received).toHaveLength(1)
    },
  )

  test("follows an answer that says so otherwise than by its status, if the caller can tell", async () => {
    const server = await httpServer((response, _, count) =>
      response.writeHead(400).end(count < 3 ? "ThrottlingException" : "ResourceNotFoundException"),
    )
    const answer = await openClient().ask(server.url, {
      method: "POST",
      asksForRetry: ({ body }) => body.includes("Throttling"),
    })
    expect(answer).toMatchObject({ status: 400, body: Buffer.from("ResourceNotFoundException") })
    expect(server.received).toHaveLength(3)
  })

  test("waits longer each time, and never quite the same", async () => {
    const server = await httpServer((response) => response.writeHead(500).end())
    const { ask, clock } = openClient()
    await ask(server.url)
    await ask(server.url)
    const [first = 0, second = 0, again = 0] = clock.slept
    expect(first).toBeGreaterThanOrEqual(50)
    expect(first).toBeLessThan(150)
    expect(second).toBeGreaterThanOrEqual(100)
    expect(second).toBeLessThan(300)
    expect(again).not.toBe(first)
  })

  test("ends with the last answer once the attempts are used up", async () => {
    const server = await httpServer((response) => response.writeHead(503).end("sealed"))
    expect(await openClient().ask(server.url)).toMatchObject({ status: 503, body: Buffer.from("sealed") })
    expect(server.received).toHaveLength(3)
    await openClient({ attempts: 1 }).ask(server.url)
    expect(server.received).toHaveLength(4)
  })

  test("waits as long as the answer asks", async () => {
    const server = await httpServer((response, _, count) =>
      response.writeHead(count === 1 ? 429 : 200, { "retry-after": "2" }).end(),
    )
    const { ask, clock } = openClient()
    await ask(server.url)
    expect(clock.slept).toEqual([2000])
  })

  test("that would have to wait longer than one request may take is left to the caller", async () => {
    const server = await httpServer((response) => response.writeHead(429, { "retry-after": "6" }).end())
    const { ask, clock } = openClient()
    expect(await ask(server.url)).toMatchObject({ status: 429, retryAfterMs: 6000 })
    expect(clock.slept).toEqual([])
  })

  test("that would begin after the whole time is left out", async () => {
    const server = await httpServer((response) => response.writeHead(429, { "retry-after": "2" }).end())
    const { ask } = openClient({ timeouts: { overallMs: 3_000 } })
    expect((await ask(server.url)).status).toBe(429)
    expect(server.received).toHaveLength(2)
  })

  test("follows a refused connection, for a login too", async () => {
    const { ask, clock } = openClient()
    await expect(ask("http://127.0.0.1:1/", { method: "POST" })).rejects.toMatchObject({
      reason: "UNREACHABLE",
      upstream: { operation: "read secret" },
    })
    expect(clock.slept).toHaveLength(2)
  })

  test("follows a connection that was lost with a read, but not with a login", async () => {
    const server = await tcpServer((socket) => socket.once("data", () => socket.destroy()))
    const { ask } = openClient()
    await expect(ask(server.url)).rejects.toMatchObject({ reason: "UNREACHABLE" })
    expect(server.connections).toBe(3)
    await expect(ask(server.url, { method: "POST" })).rejects.toMatchObject({ reason: "UNREACHABLE" })
    expect(server.connections).toBe(4)
    await ask(server.url, { method: "POST", repeatable: true }).catch(() => {})
    expect(server.connections).toBe(7)
  })

  test("follows an answer that breaks off", async () => {
    const server = await httpServer((response, _, count) => {
      if (count > 1) return void response.end("whole")
      response.writeHead(200, { "content-length": "10" }).write("half")
      setImmediate(() => response.destroy())
    })
    expect((await openClient().ask(server.url)).body.toString()).toBe("whole")
  })

  test("never follows a blocked address, but a name server that was busy", async () => {
    const fail = (code: string) => vi.fn(async () => Promise.reject(Object.assign(new Error(), { code })))
    const busy = fail("EAI_AGAIN")
    const unknown = fail("ENOTFOUND")
    for (const resolve of [busy, unknown])
      await expect(openClient({ resolve }).ask("http://x.example/")).rejects.toMatchObject({
        reason: "BLOCKED_ADDRESS",
      })
    expect([busy.mock.calls.length, unknown.mock.calls.length]).toEqual([3, 1])
  })

  test("is announced to the lease, like a redirect, before anything is sent", async () => {
    const server = await httpServer((response, { url }, count) =>
      url === "/"
        ? response.writeHead(307, { location: "/b" }).end()
        : response.writeHead(count < 4 ? 500 : 200).end(),
    )
    const seen: number[] = []
    const beforeRequest = vi.fn(async () => void seen.push(server.received.length))
    await openClient({ beforeRequest }).ask(server.url)
    expect(seen).toEqual([0, 1, 2, 3])
  })

  test("does not happen once the lease is lost", async () => {
    const server = await httpServer((response) => response.writeHead(500).end())
    const lost = new Error("lease lost")
    const beforeRequest = vi.fn(async () => {
      if (beforeRequest.mock.calls.length > 1) throw lost
    })
    await expect(openClient({ beforeRequest }).ask(server.url)).rejects.toBe(lost)
    expect(server.received).toHaveLength(1)
  })
})

describe("Retry-After", () => {
  const now = Date.parse("Tue, 01 Jan 2030 00:00:00 GMT")
  test.each([
    ["120", 120_000],
    ["0", 0],
    ["Tue, 01 Jan 2030 00:01:00 GMT", 60_000],
    ["Mon, 31 Dec 2029 00:00:00 GMT", 0],
    ["-1", undefined],
    ["1.5", undefined],
    ["soon", undefined],
    ["2031-01-01", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("%j is %j milliseconds", (value, ms) => expect(retryAfter(value, now)).toBe(ms))
})
