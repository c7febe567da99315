import { once } from "node:events"
import { createServer, type Server } from "node:http"
import { type AddressInfo, connect } from "node:net"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { guardHost } from "../../local/host-guard.ts"

const consoleOrigin = "http://127.0.0.1:4001"
let server: Server
let port: number
let reached: string[]

beforeEach(async () => {
  reached = []
  server = guardHost(createServer(), { origins: [consoleOrigin] })
  // Added after the guard: it holds for these too.
  server.on("request", (_request, response) => {
    reached.push("request")
    response.end("inside")
  })
  server.on("upgrade", (_request, socket) => {
    reached.push("upgrade")
    socket.end()
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  port = (server.address() as AddressInfo).port
})
afterEach(() => {
  server.close()
  server.closeAllConnections()
})

/** The answer's status line, empty where the connection just ended. */
async function send(...headers: string[]): Promise<string> {
  const socket = connect(port, "127.0.0.1")
  let received = ""
  socket.on("data", (chunk) => {
    received += chunk
  })
  socket.on("error", () => {})
  const closed = once(socket, "close")
  socket.write(["GET / HTTP/1.1", "Connection: close", ...headers, "", ""].join("\r\n"))
  await closed
  return received.split("\r\n", 1)[0] ?? ""
}

const inside = "HTTP/1.1 200 OK"
const refused = "HTTP/1.1 403 Forbidden"

describe("the host guard", () => {
  test("lets in who names the server by its loopback address or as localhost, in any case", async () => {
    expect(await send(`Host: 127.0.0.1:${port}`)).toBe(inside)
    expect(await send(`Host: localhost:${port}`)).toBe(inside)
    expect(await send(`Host: LOCALHOST:${port}`)).toBe(inside)
  })

  test.each([
    "evil.test",
    "127.0.0.1",
    "127.0.0.1:1",
    "localhost",
    "127.0.0.1.evil.test:PORT",
    "127.1:PORT",
    "0.0.0.0:PORT",
    "evil@127.0.0.1:PORT",
    "localhost.:PORT",
    "",
  ])("refuses the host %j", async (host) => {
    expect(await send(`Host: ${host.replace("PORT", String(port))}`)).toBe(refused)
    expect(reached).toEqual([])
  })

  test("lets in pages of its own origin and of those it was told", async () => {
    for (const origin of [`http://127.0.0.1:${port}`, `http://localhost:${port}`, consoleOrigin])
      expect(await send(`Host: 127.0.0.1:${port}`, `Origin: ${origin}`)).toBe(inside)
  })

  test.each(["http://evil.test", "null", "https://127.0.0.1:PORT", "http://127.0.0.1:1", ""])(
    "refuses the origin %j",
    async (origin) => {
      const header = `Origin: ${origin.replace("PORT", String(port))}`
      expect(await send(`Host: 127.0.0.1:${port}`, header)).toBe(refused)
      expect(reached).toEqual([])
    },
  )

  test("cuts a foreign upgrade", async () => {
    const upgrade = ["Connection: Upgrade", "Upgrade: websocket"]
    expect(await send("Host: evil.test", ...upgrade)).toBe("")
    expect(reached).toEqual([])
    await send(`Host: 127.0.0.1:${port}`, ...upgrade)
    expect(reached).toEqual(["upgrade"])
  })

  test("guards what asks before it sends a body too", async () => {
    server.on("checkContinue", () => reached.push("checkContinue"))
    expect(await send("Host: evil.test", "Expect: 100-continue", "Content-Length: 10")).toBe(refused)
    expect(reached).toEqual([])
  })
})
