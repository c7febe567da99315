import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import type { Reason } from "../../core/errors.ts"
import type { Connection } from "./connection.ts"
import { closedUrl, type RecordingProxy, startProxy } from "./proxy.ts"
import type { Ability, Subject, TestServer } from "./subject.ts"

export const fixture = (name: string) =>
  readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), "utf8")
export const tls = () => ({ key: fixture("leaf.key"), cert: fixture("localhost.pem") })

/** What a captive portal or a single sign-on says to every request. */
export const signInPage = {
  status: 200,
  headers: { "content-type": "text/html; charset=utf-8" },
  body: "<!doctype html>\n<html><title>Sign in</title><body><form>Please sign in</form></body></html>\n",
}

/** What the suite lends these tests. */
interface Parts {
  subject: Subject
  server(): TestServer
  proxy(): RecordingProxy
  connect(config: Record<string, unknown>): Connection
  /** The same, but it does not wait long for what never answers. */
  connectHastily(config: Record<string, unknown>): Connection
  testWhere(needed: Ability | readonly Ability[], name: string, body: () => Promise<void>): void
}

/** Each reason that there is, by what shows it: one more is missed by the compiler. */
export function reasons({ subject, server, proxy, connect, connectHastily, testWhere }: Parts): void {
  const { provider, isRead, signsHost: keepHost = false } = subject
  const good = () => connect(server().config(proxy().url))
  const reads = () => proxy().requests.filter(isRead)
  const first = () => server().siblings[0]

  const shown: Record<Reason, () => void> = {
    NOT_FOUND: () =>
      test("missing", async () =>
        expect(await good().resolve({ path: server().missing })).toEqual(["NOT_FOUND"])),

    PERMISSION_DENIED: () =>
      testWhere("denied", "denied, without giving the session up", async () => {
        const { resolve, deps } = good()
        expect(await resolve({ path: server().denied })).toEqual(["PERMISSION_DENIED"])
        expect(await resolve(first())).toEqual([first().value])
        expect(deps.sessions.logins).toBeLessThanOrEqual(1)
      }),

    DELETED: () =>
      testWhere("deleted", "deleted", async () => {
        expect(await good().resolve({ path: server().deleted ?? "" })).toEqual(["DELETED"])
      }),

    INVALID_PATH: () =>
      test("malformed, before anything is sent", () => {
        for (const { path, options = {} } of server().malformed)
          expect(() => provider.parsePath(path, options)).toThrow(
            expect.objectContaining({ reason: "INVALID_PATH" }),
          )
        expect(proxy().requests).toEqual([])
      }),

    UNSUPPORTED_VALUE: () =>
      test("there, but not of a kind that the reference can give", async () => {
        const wanted = server().unsupported
        expect(await good().resolve(...wanted)).toEqual(wanted.map(() => "UNSUPPORTED_VALUE"))
      }),

    WRONG_ENGINE: () =>
      testWhere("wrongEngine", "of an engine that holds no secrets", async () => {
        expect(await good().resolve({ path: server().wrongEngine ?? "" })).toEqual(["WRONG_ENGINE"])
      }),

    // Latchkey says it of itself, before a provider is asked.
    PATH_NOT_ALLOWED: () => {},

    BAD_CREDENTIALS: () =>
      testWhere("wrongCredentials", "wrong credentials", async () => {
        expect(await connect(server().wrongConfig(proxy().url)).resolve(first())).toEqual(["BAD_CREDENTIALS"])
      }),

    SEALED: () =>
      testWhere("seal", "sealed, and over once it is unsealed", async () => {
        const { resolve } = good()
        await resolve(first())
        await server().seal?.()
        try {
          expect(await resolve(first())).toEqual(["SEALED"])
          expect(await good().resolve(first())).toEqual(["SEALED"])
        } finally {
          await server().unseal?.()
        }
        expect(await resolve(first())).toEqual([first().value])
      }),

    THROTTLED: () =>
      test("throttled, after having tried again", async () => {
        proxy().decide((request) => (isRead(request) ? subject.throttled : "forward"))
        expect(await good().resolve(first())).toEqual(["THROTTLED"])
        expect(reads()).toHaveLength(3)
      }),

    UNREACHABLE: () =>
      test("unreachable", async () => {
        expect(await connect(server().config(await closedUrl())).resolve(first())).toEqual(["UNREACHABLE"])
      }),

    BLOCKED_ADDRESS: () =>
      test("at an address that may not be called", async () => {
        const { resolve } = connect(server().config("http://169.254.169.254"))
        expect(await resolve(first())).toEqual(["BLOCKED_ADDRESS"])
      }),

    TLS: () => {
      test("a certificate of an authority that is not trusted, before anything is sent", async () => {
        const secure = await startProxy(server().url, { tls: tls(), keepHost })
        try {
          expect(await connect(server().config(secure.url)).resolve(first())).toEqual(["TLS"])
          expect(secure.requests).toEqual([])
        } finally {
          await secure.stop()
        }
      })

      const ofTwo = "a certificate of the connection's own authority, and of another"
      testWhere("caCertificate", ofTwo, async () => {
        const secure = await startProxy(server().url, { tls: tls(), keepHost })
        try {
          const config = server().config(secure.url)
          const trusting = (name: string) => connect({ ...config, caCertificate: fixture(name) })
          expect(await trusting("other-ca.pem").resolve(first())).toEqual(["TLS"])
          expect(secure.requests).toEqual([])
          expect(await trusting("ca.pem").resolve(first())).toEqual([first().value])
        } finally {
          await secure.stop()
        }
      })
    },

    TIMEOUT: () =>
      test("silent", async () => {
        const { resolve } = connectHastily(server().config(proxy().url))
        proxy().decide((request) => (isRead(request) ? "hang" : "forward"))
        expect(await resolve(first())).toEqual(["TIMEOUT"])
      }),

    PROVIDER_ERROR: () => {
      test("a failing server, whose words stay with it", async () => {
        proxy().decide((request) => ({
          status: 500,
          body: JSON.stringify({ errors: [request], message: request }),
        }))
        expect(await good().resolve(first())).toEqual(["PROVIDER_ERROR"])
      })

      test("a page of what stands between, which is never taken for a value", async () => {
        proxy().decide((request) => (isRead(request) ? signInPage : "forward"))
        expect(await good().resolve(first())).toEqual(["PROVIDER_ERROR"])
        const all = [...server().siblings, ...server().others]
        expect(new Set(await good().resolve(...all))).toEqual(new Set(["PROVIDER_ERROR"]))
      })
    },
  }
  for (const show of Object.values(shown)) show()

  testWhere("switches", "and what the server's own switches make of it", async () => {
    const { switches } = server()
    if (!switches) throw new Error("The test server has no `switches`: give it some, or say why in `cannot`.")
    const { resolve } = connectHastily(server().config(proxy().url))
    const told: Record<string, string[]> = {}
    for (const [reason, fail] of Object.entries(switches.fail)) {
      fail()
      told[reason] = await resolve(first()).finally(() => switches.clear())
    }
    expect(told).toEqual(Object.fromEntries(Object.keys(switches.fail).map((reason) => [reason, [reason]])))
    expect(await resolve(first())).toEqual([first().value])
  })
}
