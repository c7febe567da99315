import { once } from "node:events"
import { Agent, type IncomingMessage, request } from "node:http"
import { text } from "node:stream/consumers"
import { afterEach, describe, expect, test } from "vitest"
import { type LocalServer, listen, readBody, send } from "../../local/http-server.ts"

let servers: LocalServer[] = []

afterEach(async () => {
  for (const server of servers) await server.close()
  servers = []
})

async function start(...args: Parameters<typeof listen>): Promise<LocalServer> {
  const server = await listen(...args)
  servers.push(server)
  return server
}

describe("a local server", () => {
  test("is for this machine alone", async () => {
    const { url, port } = await start((_, response) => send(response, 200, "text/plain", "hello"))
    expect(await (await fetch(url)).text()).toBe("hello")
    expect((await fetch(url, { headers: { origin: "https://evil.example" } })).status).toBe(403)
    const [rebound] = (await once(
      request(url, { headers: { host: `evil.example:${port}` } }).end(),
      "response",
    )) as [IncomingMessage]
    expect(rebound.resume().statusCode).toBe(403)
  })

  test("says which port is taken, and what to do", async () => {
    const { port } = await start(() => undefined)
    await expect(listen(() => undefined, { port })).rejects.toThrow(
      `port ${port} is in use; stop what listens there or choose another with --port.`,
    )
  })

  test("answers what is under way before it closes, and does not wait for connections that are kept", async () => {
    const arrived = Promise.withResolvers<() => void>()
    const server = await start(
      (_, response) => arrived.resolve(() => send(response, 200, "text/plain", "done")),
      { graceMs: 60_000 },
    )
    const agent = new Agent({ keepAlive: true })
    const answered = once(request(server.url, { agent }).end(), "response")
    const answer = await arrived.promise
    const closed = server.close()
    answer()
    const [response] = (await answered) as [IncomingMessage]
    expect(await text(response)).toBe("done")
    await closed
    await expect(fetch(server.url)).rejects.toThrow()
    agent.destroy()
  })

  test("drops what hangs once its grace has passed", async () => {
    const server = await start(() => undefined, { graceMs: 0 })
    const pending = fetch(server.url)
    const refused = expect(pending).rejects.toThrow("fetch failed")
    await new Promise((resolve) => setImmediate(resolve))
    await server.close()
    await refused
  })

  test("reads bodies up to a bound, and past it keeps nothing", async () => {
    const { url } = await start((request, response) => {
      void readBody(request, 4).then((body) =>
        send(response, 200, "text/plain", body?.toString() ?? "too large"),
      )
    })
    const post = async (body: string) => (await fetch(url, { method: "POST", body })).text()
    expect([await post(""), await post("four"), await post("x".repeat(100_000))]).toEqual([
      "",
      "four",
      "too large",
    ])
  })
})
