import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import type { Network } from "../../core/network/client.ts"
import { connection, localNetwork } from "./connection.ts"
import { type RecordingProxy, startProxy } from "./proxy.ts"
import type { Subject, TestServer } from "./subject.ts"
import { traces } from "./traces.ts"

/** What every way of logging in promises, for those that need not show the rest of the suite once more. */
export function describeLogin({ provider, name, start }: Pick<Subject, "provider" | "name" | "start">): void {
  describe(`${provider.name} against ${name}`, () => {
    const seen = traces()
    let server: TestServer
    let proxy: RecordingProxy
    let network: Network

    beforeAll(async () => {
      server = await start()
    })
    afterAll(() => server?.stop())
    beforeEach(async () => {
      proxy = await startProxy(server.url)
      network = localNetwork()
    })
    afterEach(async () => {
      network.close()
      await proxy.stop()
    })

    const connect = (config: Record<string, unknown>) => {
      const http = network.client({ platformId: "acme", connectionKey: "conformance" })
      return connection({ provider, config, http, seen })
    }
    const steps = async (config: Record<string, unknown>) =>
      (await connect(config).check()).steps.map(({ name, error }) =>
        error ? `${name}: ${error.reason}` : name,
      )

    test("one login serves many fetches", async () => {
      const { resolve, deps } = connect(server.config(proxy.url))
      for (const secret of server.siblings) expect(await resolve(secret)).toEqual([secret.value])
      expect(deps.sessions.logins).toBe(1)
    })

    test("wrong credentials are told, by a fetch and by a check", async () => {
      const wrong = server.wrongConfig(proxy.url)
      expect(await connect(wrong).resolve(server.siblings[0])).toEqual(["BAD_CREDENTIALS"])
      expect(await steps(wrong)).toEqual(["reach", "authenticate: BAD_CREDENTIALS"])
    })

    test("a check passes with nothing but read rights", async () => {
      expect(await steps(server.config(proxy.url))).toEqual(["reach", "authenticate"])
    })

    test("an expired session is renewed, once", async () => {
      const { resolve, deps } = connect(server.config(proxy.url))
      const [first] = server.siblings
      await resolve(first)
      await server.expireSessions?.()
      expect(await resolve(first)).toEqual([first.value])
      expect(deps.sessions.logins).toBe(2)
    })

    test("a login is not sent on to another origin", async () => {
      const elsewhere = await startProxy(server.url)
      try {
        proxy.decide(({ path }) => ({ status: 307, headers: { location: elsewhere.url + path } }))
        expect(await connect(server.config(proxy.url)).resolve(server.siblings[0])).toEqual([
          "PROVIDER_ERROR",
        ])
        expect(elsewhere.requests).toEqual([])
      } finally {
        await elsewhere.stop()
      }
    })

    test("no error or report of all these had a credential or a value in it", () => {
      expect(seen.count).toBeGreaterThan(3)
      const values = server.siblings.map(({ value }) => value).filter(({ length }) => length > 7)
      expect(seen.found([...server.credentials, ...values])).toEqual([])
    })
  })
}
