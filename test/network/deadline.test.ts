import { describe, expect, test } from "vitest"
import { systemClock } from "../../core/clock.ts"
import { connect } from "../../core/network/connect.ts"
import { createGuard } from "../../core/network/policy.ts"
import { httpServer, openClient, sandbox, tcpServer } from "./servers.ts"

const soon = { requestTimeoutMs: 60 }

describe("a deadline", () => {
  test("ends a request that is never answered, and it is not repeated", async () => {
    const server = await tcpServer(() => {})
    await expect(openClient(soon).ask(server.url)).rejects.toMatchObject({
      reason: "TIMEOUT",
      upstream: { operation: "read secret" },
    })
    expect(server.connections).toBe(1)
  })

  test("ends an answer whose headers trickle in", async () => {
    const server = await tcpServer((socket) => {
      socket.write("HTTP/1.1 200 OK\r\n")
      const timer = setInterval(() => socket.write("x: y\r\n"), 10)
      socket.on("close", () => clearInterval(timer))
    })
    await expect(openClient(soon).ask(server.url)).rejects.toMatchObject({ reason: "TIMEOUT" })
  })

  test("ends an answer whose body trickles in", async () => {
    const server = await httpServer((response) => {
      const timer = setInterval(() => response.write("x"), 10)
      response.on("close", () => clearInterval(timer))
    })
    await expect(openClient(soon).ask(server.url)).rejects.toMatchObject({ reason: "TIMEOUT" })
  })

  test("ends a lookup that hangs, which says no more than a name that does not resolve", async () => {
    const { ask } = openClient({
      timeouts: { connectMs: 20 },
      attempts: 1,
      resolve: () => new Promise(() => {}),
    })
    await expect(ask("http://x.example/")).rejects.toMatchObject({ reason: "BLOCKED_ADDRESS" })
  })

  test("ends a TLS handshake that hangs", async () => {
    const server = await tcpServer(() => {})
    const { ask } = openClient({ timeouts: { connectMs: 40 }, attempts: 1 })
    await expect(ask(server.url.replace("http:", "https:"))).rejects.toMatchObject({ reason: "TIMEOUT" })
  })

  test("closes the connection, so that a late answer is nobody's", async () => {
    let closed: (() => void) | undefined
    const gone = new Promise<void>((resolve) => {
      closed = resolve
    })
    const server = await tcpServer((socket) => socket.on("close", () => closed?.()))
    await openClient(soon)
      .ask(server.url)
      .catch(() => {})
    await gone
  })
})

describe("an abort", () => {
  const reason = new Error("the caller has left")

  test("before the request sends nothing", async () => {
    const server = await tcpServer(() => {})
    await expect(openClient().ask(server.url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(server.connections).toBe(0)
  })

  test.each(["http:", "https:"])(
    "while waiting ends the request and its connection at once, by %s",
    async (scheme) => {
      const controller = new AbortController()
      let closed: (() => void) | undefined
      const gone = new Promise<void>((resolve) => {
        closed = resolve
      })
      const server = await tcpServer((socket) => {
        socket.on("close", () => closed?.())
        socket.once("data", () => controller.abort(reason))
      })
      const { ask } = openClient()
      await expect(ask(server.url.replace("http:", scheme), { signal: controller.signal })).rejects.toBe(
        reason,
      )
      await gone
      expect(server.connections).toBe(1)
    },
  )

  test("in the middle of the body ends the request", async () => {
    const controller = new AbortController()
    const server = await httpServer((response) => {
      response.write("half")
      setImmediate(() => controller.abort(reason))
    })
    await expect(openClient().ask(server.url, { signal: controller.signal })).rejects.toBe(reason)
  })

  test("during the lookup ends the request", async () => {
    const controller = new AbortController()
    const resolve = () => {
      setImmediate(() => controller.abort(reason))
      return new Promise<never>(() => {})
    }
    await expect(
      openClient({ resolve }).ask("http://x.example/", { signal: controller.signal }),
    ).rejects.toBe(reason)
  })

  test("between attempts ends the request", async () => {
    const controller = new AbortController()
    const server = await httpServer((response) => {
      response.writeHead(500).end()
      response.on("close", () => controller.abort(reason))
    })
    const { ask } = openClient({
      beforeRequest: async (signal) => {
        if (server.received.length > 0)
          await new Promise((resolve) => signal.addEventListener("abort", resolve))
      },
    })
    await expect(ask(server.url, { signal: controller.signal })).rejects.toBe(reason)
    expect(server.received).toHaveLength(1)
  })

  test("of one request leaves those beside it alone", async () => {
    const controller = new AbortController()
    const server = await httpServer((response, { url }) => {
      if (url === "/slow") return controller.abort(reason)
      response.end("ok")
    })
    const { ask } = openClient()
    const [slow, quick] = await Promise.allSettled([
      ask(`${server.url}/slow`, { signal: controller.signal }),
      ask(`${server.url}/quick`),
    ])
    expect(slow).toMatchObject({ status: "rejected", reason })
    expect(quick.status).toBe("fulfilled")
  })
})

describe("a socket", () => {
  test("whose other end is not what was checked is closed before a byte is sent", async () => {
    const server = await tcpServer(() => {})
    const guard = createGuard(sandbox)
    let asked = 0
    const connecting = connect({
      destination: guard.destination(`http://rebound.example:${server.port}/`, "read"),
      platformId: "acme",
      guard: { ...guard, permits: () => asked++ === 0 },
      resolve: async () => ["127.0.0.1"],
      timeoutMs: 1000,
      clock: systemClock,
      secureContext: () => {
        throw new Error("not needed")
      },
      session: undefined,
      onSession: () => {},
      onPhase: () => {},
      signal: new AbortController().signal,
    })
    await expect(connecting).rejects.toMatchObject({ reason: "BLOCKED_ADDRESS" })
    expect([asked, server.bytes()]).toEqual([2, ""])
  })
})
