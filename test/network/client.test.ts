import { gzipSync } from "node:zlib"
import { describe, expect, test, vi } from "vitest"
import { ProviderError } from "../../core/errors.ts"
import { httpServer, openClient, sandbox, tcpServer } from "./servers.ts"

describe("a request", () => {
  test("arrives as it was made, and its answer comes back", async () => {
    const server = await httpServer((response) => {
      response.setHeader("X-Twice", ["first", "second"])
      response.writeHead(404).end("körper")
    })
    const { ask } = openClient()

    const answer = await ask(`${server.url}/v1/a%2Fb?list=true`, {
      method: "POST",
      headers: { "X-Vault-Token": "t" },
      body: "kürzer",
    })

    expect(server.received).toMatchObject([
      {
        method: "POST",
        url: "/v1/a%2Fb?list=true",
        body: "kürzer",
        headers: {
          "x-vault-token": "t",
          "accept-encoding": "identity",
          "content-length": "7",
          host: `127.0.0.1:${server.port}`,
        },
      },
    ])
    expect(answer.status).toBe(404)
    expect(answer.body.toString()).toBe("körper")
    expect(answer.headers["x-twice"]).toBe("first")
  })

  test("keeps framing and hops to itself, whatever an SDK adds", async () => {
    const server = await httpServer()
    const { ask } = openClient()
    await ask(server.url, {
      method: "POST",
      body: "four",
      headers: {
        Host: "evil.example",
        "Content-Length": "99",
        "Transfer-Encoding": "chunked",
        "Accept-Encoding": "gzip",
        "Proxy-Authorization": "x",
      },
    })
    const headers = server.received[0]?.headers
    expect(headers).toMatchObject({ host: `127.0.0.1:${server.port}`, "content-length": "4" })
    expect(headers).not.toHaveProperty("transfer-encoding")
    expect(headers).not.toHaveProperty("proxy-authorization")
  })

  test.each(["a\r\nb", "a\nb", "a\0b", "a\u2028b", "a\u007fb"])(
    "with a header value that HTTP cannot carry is refused, and the value not repeated: %j",
    async (value) => {
      const server = await httpServer()
      const { ask } = openClient()
      const error = await ask(server.url, { headers: { "x-vault-token": `marker${value}` } }).catch((e) => e)
      expect(error).toBeInstanceOf(ProviderError)
      expect(error.message).toContain("x-vault-token")
      expect(`${error.stack} ${JSON.stringify(error)}`).not.toContain("marker")
      expect(server.connections).toBe(0)
    },
  )

  test("goes over the connection that the one before it used", async () => {
    const server = await httpServer()
    const { ask } = openClient()
    for (let i = 0; i < 5; i++) await ask(server.url)
    expect(server.connections).toBe(1)
  })

  test("goes over no connection of another tenant's, of another state of the connection or another trust", async () => {
    const server = await httpServer()
    const { ask, other } = openClient()
    await ask(server.url)
    await other({ connectionKey: "two" })(server.url)
    await other({ platformId: "other" })(server.url)
    expect(server.connections).toBe(3)
    await ask(server.url)
    expect(server.connections).toBe(3)
  })

  test("that must not be sent twice goes over no connection that was idle for long", async () => {
    const server = await httpServer()
    const { ask, clock } = openClient()
    await ask(server.url)
    clock.advance(1_000)
    await ask(server.url, { method: "POST" })
    expect(server.connections).toBe(1)
    clock.advance(3_000)
    await ask(server.url)
    expect(server.connections).toBe(1)
    clock.advance(3_000)
    await ask(server.url, { method: "POST" })
    expect(server.connections).toBe(2)
  })

  test("goes over no connection that was idle longer than any is kept, though a freeze stopped the timers", async () => {
    const server = await httpServer()
    const { ask, clock } = openClient()
    await ask(server.url)
    clock.advance(30_001)
    await ask(server.url)
    expect(server.connections).toBe(2)
  })

  test("finds its connection closed once more tenants than are kept came after it", async () => {
    const server = await httpServer()
    const { ask, other } = openClient({ maxPools: 2 })
    await ask(server.url)
    await other({ connectionKey: "two" })(server.url)
    await other({ connectionKey: "three" })(server.url)
    await vi.waitFor(() => expect(server.open.size).toBe(2))
    await ask(server.url)
    expect(server.connections).toBe(4)
  })

  test("under way survives that its tenant is the least recently used", async () => {
    let answer: (() => void) | undefined
    const server = await httpServer((response, { url }) => {
      if (url === "/slow") answer = () => response.end("late")
      else response.end()
    })
    const { ask, other } = openClient({ maxPools: 1 })
    const slow = ask(`${server.url}/slow`)
    await vi.waitFor(() => expect(answer).toBeDefined())
    await other({ connectionKey: "two" })(server.url)
    answer?.()
    expect((await slow).body.toString()).toBe("late")
    await vi.waitFor(() => expect(server.open.size).toBe(1))
  })

  test("takes no notice of proxies in the environment", async () => {
    const server = await httpServer()
    const proxy = await httpServer()
    for (const name of ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"]) vi.stubEnv(name, proxy.url)
    vi.stubEnv("NODE_USE_ENV_PROXY", "1")
    vi.stubEnv("NO_PROXY", "")
    const { ask } = openClient()
    await ask(server.url)
    expect([server.connections, proxy.connections]).toEqual([1, 0])
  })

  test("tells how far it came", async () => {
    const server = await httpServer()
    const { ask } = openClient()
    const onPhase = vi.fn()
    await ask(server.url, { onPhase })
    await ask(server.url, { onPhase })
    expect(onPhase.mock.calls).toEqual([["reach"], ["reach"]])
    onPhase.mockClear()
    await ask("http://127.0.0.1:1/", { onPhase }).catch(() => {})
    expect(onPhase).not.toHaveBeenCalled()
  })
})

describe("an answer", () => {
  test.each(["gzip", "br", "base64"])(
    "encoded as %s, which was not asked for, is refused",
    async (encoding) => {
      const server = await httpServer((response) =>
        response.writeHead(200, { "content-encoding": encoding }).end(gzipSync("secret")),
      )
      const error = await openClient()
        .ask(server.url)
        .catch((e) => e)
      expect(error).toMatchObject({
        reason: "PROVIDER_ERROR",
        upstream: { operation: "read secret", status: 200 },
      })
    },
  )

  test("may say identity, and base64 where that was asked for", async () => {
    const server = await httpServer((response, { headers }) =>
      response.writeHead(200, { "content-encoding": headers["accept-encoding"] }).end("YQ=="),
    )
    const { ask } = openClient()
    expect((await ask(server.url)).body.toString()).toBe("YQ==")
    expect((await ask(server.url, { acceptEncoding: "base64" })).body.toString()).toBe("YQ==")
  })

  test.each([
    ["announced", (size: number) => ({ "content-length": String(size) })],
    ["streamed", () => ({ "transfer-encoding": "chunked" })],
  ])("larger than allowed is refused, %s", async (_, headers) => {
    const server = await httpServer((response) => response.writeHead(200, headers(101)).end("x".repeat(101)))
    const { ask } = openClient()
    await expect(ask(server.url, { maxBytes: 100 })).rejects.toMatchObject({
      reason: "PROVIDER_ERROR",
      message: expect.stringContaining("100 bytes"),
      oversized: true,
    })
    expect((await ask(server.url, { maxBytes: 101 })).body).toHaveLength(101)
  })

  test("without end is given up at 1 MiB", async () => {
    const server = await httpServer((response) => {
      const pour = () => {
        while (!response.destroyed && response.write("x".repeat(65_536)));
        response.once("drain", pour)
      }
      pour()
    })
    await expect(openClient().ask(server.url)).rejects.toMatchObject({ reason: "PROVIDER_ERROR" })
  })

  test("that is no HTTP is refused, and none of it repeated", async () => {
    const server = await tcpServer((socket) => socket.end("SSH-2.0-marker\r\n"))
    const error = await openClient()
      .ask(server.url)
      .catch((e) => e)
    expect(error).toMatchObject({ reason: "PROVIDER_ERROR" })
    expect(`${error.stack}`).not.toContain("marker")
    expect(server.connections).toBe(1)
  })

  test("with headers beyond measure is refused", async () => {
    const server = await httpServer((response) => response.writeHead(200, { x: "y".repeat(20_000) }).end())
    await expect(openClient().ask(server.url)).rejects.toMatchObject({ reason: "PROVIDER_ERROR" })
  })
})

describe("a redirect", () => {
  test.each([307, 308])("by %i within the origin is followed with method and body", async (status) => {
    const server = await httpServer((response, { url }) =>
      url === "/a" ? response.writeHead(status, { location: "/b" }).end() : response.end("there"),
    )
    const answer = await openClient().ask(`${server.url}/a`, {
      method: "POST",
      body: "body",
      headers: { "x-vault-token": "t" },
    })
    expect(answer.body.toString()).toBe("there")
    expect(server.received[1]).toMatchObject({
      method: "POST",
      url: "/b",
      body: "body",
      headers: { "x-vault-token": "t" },
    })
  })

  test.each([301, 302, 303])("by %i within the origin is followed for a read only", async (status) => {
    const server = await httpServer((response, { url }) =>
      url === "/a" ? response.writeHead(status, { location: "/b" }).end() : response.end("there"),
    )
    const { ask } = openClient()
    expect((await ask(`${server.url}/a`)).body.toString()).toBe("there")
    await expect(ask(`${server.url}/a`, { method: "POST", body: "x" })).rejects.toMatchObject({
      reason: "PROVIDER_ERROR",
    })
    expect(server.received.map(({ url }) => url)).toEqual(["/a", "/b", "/a"])
  })

  test.each([
    ["another port", (port: number) => `http://127.0.0.1:${port}/`],
    ["another host", (port: number) => `http://localhost:${port}/`],
    ["another scheme", (port: number) => `https://127.0.0.1:${port}/`],
    ["no host at all", () => "http://"],
    ["a script", () => "javascript:1"],
  ])("to %s sends nothing there", async (_, location) => {
    const elsewhere = await tcpServer(() => {})
    const server = await httpServer((response) =>
      response.writeHead(307, { location: location(elsewhere.port) }).end(),
    )
    const error = await openClient()
      .ask(server.url, { method: "POST", body: "credentials" })
      .catch((e) => e)
    expect(error).toMatchObject({ reason: "PROVIDER_ERROR", upstream: { status: 307 } })
    expect(error.message).toContain("set `url` to the active node")
    expect([elsewhere.connections, server.received.length]).toEqual([0, 1])
  })

  test("to the same origin with a user name is not followed", async () => {
    const server = await httpServer((response) =>
      response.writeHead(307, { location: `http://u:p@127.0.0.1:${server.port}/b` }).end(),
    )
    await expect(openClient().ask(server.url)).rejects.toMatchObject({ reason: "BLOCKED_ADDRESS" })
    expect(server.received).toHaveLength(1)
  })

  test("is followed once", async () => {
    const server = await httpServer((response) => response.writeHead(307, { location: "/" }).end())
    await expect(openClient().ask(server.url)).rejects.toMatchObject({ reason: "PROVIDER_ERROR" })
    expect(server.received).toHaveLength(2)
  })
})

describe("an address", () => {
  const literals = [
    "http://2130706433:PORT/",
    "http://0x7f.1:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://localhost:PORT/",
    "http://127.0.0.1:PORT/",
  ]

  test.each(literals)("of loopback is not contacted by a deployment: %s", async (url) => {
    const server = await tcpServer(() => {})
    const { ask } = openClient({ policy: { ...sandbox, allowLoopback: false } })
    await expect(ask(url.replace("PORT", String(server.port)))).rejects.toMatchObject({
      reason: "BLOCKED_ADDRESS",
    })
    expect(server.connections).toBe(0)
  })

  test("that is refused and a name that does not resolve cannot be told apart", async () => {
    const resolve = async (host: string) => {
      if (host === "inside.example") return ["10.0.0.1"]
      throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: "ENOTFOUND" })
    }
    const { ask } = openClient({ resolve })
    const [inside, nowhere, empty] = await Promise.all([
      ask("http://inside.example/").catch((e) => e),
      ask("http://nowhere.example/").catch((e) => e),
      openClient({ resolve: async () => [] })
        .ask("http://empty.example/")
        .catch((e) => e),
    ])
    expect(inside.reason).toBe("BLOCKED_ADDRESS")
    for (const error of [nowhere, empty]) {
      expect({ ...error, message: error.message }).toEqual({ ...inside, message: inside.message })
      expect(error.cause).toBeUndefined()
    }
  })

  test("among several that must not be contacted refuses the name", async () => {
    const server = await tcpServer(() => {})
    const { ask } = openClient({ resolve: async () => ["127.0.0.1", "169.254.169.254"] })
    await expect(ask(`http://mixed.example:${server.port}/`)).rejects.toMatchObject({
      reason: "BLOCKED_ADDRESS",
    })
    expect(server.connections).toBe(0)
  })

  test("is looked up once for each connection and judged by that answer: rebinding gains nothing", async () => {
    const server = await tcpServer(() => {})
    const answers = [["8.8.8.8", "127.0.0.1"], ["127.0.0.1"]]
    const resolve = vi.fn(async () => answers.shift() ?? [])
    const { ask } = openClient({ policy: { ...sandbox, allowLoopback: false }, resolve })
    await expect(ask(`http://rebinding.example:${server.port}/`)).rejects.toMatchObject({
      reason: "BLOCKED_ADDRESS",
    })
    expect(resolve).toHaveBeenCalledTimes(1)
    expect(server.connections).toBe(0)
  })

  test("that does not answer gives way to the next one", async () => {
    const server = await httpServer()
    const { ask } = openClient({ resolve: async () => ["127.0.0.2", "127.0.0.1"] })
    expect((await ask(`http://two.example:${server.port}/`)).status).toBe(200)
  })
})
