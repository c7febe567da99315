import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from "vitest"
import type { Network } from "../../core/network/client.ts"
import { browsing } from "./browsing.ts"
import { connection, localNetwork } from "./connection.ts"
import { nonsense } from "./nonsense.ts"
import { closedUrl, type RecordingProxy, startProxy } from "./proxy.ts"
import { fixture, reasons, signInPage, tls } from "./reasons.ts"
import type { Ability, Subject, TestServer } from "./subject.ts"
import { traces } from "./traces.ts"

/** The one suite that every provider passes, against its sandbox server and, where one exists, the real server. */
export function describeProvider(subject: Subject): void {
  const { provider, isRead, signsHost: keepHost = false } = subject

  describe(`${provider.name} against ${subject.name}`, () => {
    const seen = traces()
    let server: TestServer
    let proxy: RecordingProxy
    let network: Network

    beforeAll(async () => {
      server = await subject.start()
    })
    afterAll(() => server?.stop())
    beforeEach(async () => {
      proxy = await startProxy(server.url, { keepHost })
      network = localNetwork()
    })
    afterEach(async () => {
      network.close()
      await proxy.stop()
    })

    const connect = (config: Record<string, unknown>, connectionKey = "conformance") =>
      connection({ provider, config, http: network.client({ platformId: "acme", connectionKey }), seen })

    /** One that does not wait long for what never answers. */
    const connectHastily = (config: Record<string, unknown>, into = seen) => {
      const hasty = localNetwork({ hasty: true })
      onTestFinished(() => hasty.close())
      const http = hasty.client({ platformId: "acme", connectionKey: "conformance" })
      return connection({ provider, config, http, seen: into })
    }

    const good = () => connect(server.config(proxy.url))
    const reads = () => proxy.requests.filter(isRead)
    const first = () => server.siblings[0]

    /** A test of what some servers cannot show; for those, the reason stands among the results. */
    function testWhere(needed: Ability | readonly Ability[], name: string, body: () => Promise<void>): void {
      const reason = [needed].flat().flatMap((ability) => subject.cannot[ability] ?? [])[0]
      if (reason === undefined) test(name, body)
      else test.skip(`${name} (not shown by ${subject.name}: ${reason})`, body)
    }

    describe("values", () => {
      test("come back as they were written, whatever characters names and values have", async () => {
        const secrets = [...server.siblings, ...server.others]
        expect(await good().resolve(...secrets)).toEqual(secrets.map(({ value }) => value))
      })

      test("an empty string is a value", async () => {
        const empty = [...server.siblings, ...server.others].filter(({ value }) => value === "")
        expect(empty.length).toBeGreaterThan(0)
        expect(await good().resolve(...empty)).toEqual(empty.map(() => ""))
      })

      testWhere("binary", "binary survives", async () => {
        if (!server.binary) throw new Error("no binary secret")
        expect(await good().resolve(server.binary)).toEqual([server.binary.value])
      })

      test("many references to one document cost one fetch", async () => {
        const documents = new Set(
          server.siblings.map(({ path, options = {} }) => provider.parsePath(path, options).document),
        )
        expect(documents.size).toBe(1)
        const many = Array.from({ length: 20 }, () => server.siblings).flat()
        await good().resolve(...many)
        expect(reads()).toHaveLength(1)
      })

      test("one login serves many fetches", async () => {
        const { resolve, deps } = good()
        await resolve(...server.others)
        await resolve(first())
        expect(deps.sessions.logins).toBeLessThanOrEqual(1)
      })

      test("one failing document leaves the others alone", async () => {
        const denied = subject.cannot.denied === undefined ? [{ path: server.denied }] : []
        expect(await good().resolve({ path: server.missing }, first(), ...denied)).toEqual([
          "NOT_FOUND",
          first().value,
          ...denied.map(() => "PERMISSION_DENIED"),
        ])
      })
    })

    describe("failures are told apart", () =>
      reasons({
        subject,
        server: () => server,
        proxy: () => proxy,
        connect,
        connectHastily,
        testWhere,
      }))

    describe("a check", () => {
      const outcomes = async (
        config: Record<string, unknown>,
        open: (config: Record<string, unknown>) => ReturnType<typeof connect> = connect,
      ) =>
        (await open(config).check()).steps.map(({ name, ok, error }) =>
          ok ? name : `${name}: ${error?.reason}`,
        )

      testWhere("passingCheck", "passes with nothing but read rights", async () => {
        expect(await outcomes(server.config(proxy.url))).toEqual(["reach", "authenticate"])
      })

      testWhere("wrongCredentials", "fails with wrong credentials", async () => {
        expect(await outcomes(server.wrongConfig(proxy.url))).toEqual([
          "reach",
          "authenticate: BAD_CREDENTIALS",
        ])
      })

      test("tells what cannot be reached from what cannot be trusted, and both from silence", async () => {
        expect(await outcomes(server.config(await closedUrl()))).toEqual(["reach: UNREACHABLE"])
        const secure = await startProxy(server.url, { tls: tls(), keepHost })
        try {
          expect(await outcomes(server.config(secure.url))).toEqual(["reach", "TLS: TLS"])
        } finally {
          await secure.stop()
        }
        proxy.decide(() => "hang")
        expect(await outcomes(server.config(proxy.url), connectHastily)).toEqual([
          "reach",
          "authenticate: TIMEOUT",
        ])
      })

      testWhere("caCertificate", "has a step for TLS", async () => {
        const secure = await startProxy(server.url, { tls: tls(), keepHost })
        try {
          const config = { ...server.config(secure.url), caCertificate: fixture("ca.pem") }
          expect(await outcomes(config)).toEqual(["reach", "TLS", "authenticate"])
          secure.decide(() => "hang")
          expect(await outcomes(config, connectHastily)).toEqual(["reach", "TLS", "authenticate: TIMEOUT"])
        } finally {
          await secure.stop()
        }
      })

      test("fails where a page of what stands between answers", async () => {
        proxy.decide(() => signInPage)
        expect(await outcomes(server.config(proxy.url))).toEqual(["reach", "authenticate: PROVIDER_ERROR"])
      })

      testWhere("seal", "says that the server is sealed", async () => {
        await server.seal?.()
        try {
          expect(await outcomes(server.config(proxy.url))).toEqual(["reach", "authenticate: SEALED"])
        } finally {
          await server.unseal?.()
        }
      })
    })

    describe("requests", () => {
      test("stop with an abort", async () => {
        const abort = new AbortController()
        proxy.decide((request) => (isRead(request) ? "hang" : "forward"))
        const { path, options = {} } = first()
        const fetching = good().fetch([provider.parsePath(path, options).document], abort.signal)
        const rejected = expect(fetching).rejects.toThrow("the caller left")
        await vi.waitFor(() => expect(reads().length).toBeGreaterThan(0), { interval: 5 })
        abort.abort(new Error("the caller left"))
        await rejected
        await proxy.hungUp
        const sent = proxy.requests.length
        await new Promise(setImmediate)
        expect(proxy.requests).toHaveLength(sent)
      })

      const redirected = (what: "login" | "read") => async () => {
        const elsewhere = await startProxy(server.url, { keepHost })
        try {
          const location = (path: string) => ({ status: 307, headers: { location: elsewhere.url + path } })
          proxy.decide((request) =>
            isRead(request) === (what === "read") ? location(request.path) : "forward",
          )
          expect(await good().resolve(first())).toEqual(["PROVIDER_ERROR"])
          expect(elsewhere.requests).toEqual([])
        } finally {
          await elsewhere.stop()
        }
      }
      const nowhereElse = "are not sent on to another origin"
      testWhere("login", `${nowhereElse}, with a login's token or body`, redirected("login"))
      test(`${nowhereElse}, with a read's token or body`, redirected("read"))

      testWhere("expireSessions", "renew an expired session, once", async () => {
        const { resolve, deps } = good()
        await resolve(first())
        await server.expireSessions?.()
        expect(await resolve(...server.siblings, ...server.others)).not.toContain("PERMISSION_DENIED")
        expect(deps.sessions.logins).toBe(2)
      })

      test("of two connections in turn have nothing of each other's, nor of the environment's", async () => {
        for (const [name, value] of Object.entries(subject.environment)) vi.stubEnv(name, value)
        const other = await subject.start()
        const otherProxy = await startProxy(other.url, { keepHost })
        try {
          const [one, two] = [
            connect(server.config(proxy.url), "one"),
            connect(other.config(otherProxy.url), "two"),
          ]
          for (let turn = 0; turn < 3; turn++) {
            const values = await Promise.all([one.resolve(first()), two.resolve(other.siblings[0])])
            expect(values).toEqual([[first().value], [other.siblings[0].value]])
            one.deps.sessions.session = undefined
          }
          const sent = ({ requests }: RecordingProxy) => JSON.stringify(requests)
          const own = (mine: TestServer, theirs: TestServer) =>
            theirs.credentials.filter((credential) => !mine.credentials.includes(credential))
          const environment = Object.values(subject.environment).filter((value) =>
            value.includes("environment"),
          )
          for (const canary of [...own(server, other), ...environment])
            expect(sent(proxy)).not.toContain(canary)
          for (const canary of [...own(other, server), ...environment])
            expect(sent(otherProxy)).not.toContain(canary)
          expect(own(server, other).length).toBeGreaterThan(0)
        } finally {
          await otherProxy.stop()
          await other.stop()
        }
      })
    })

    describe("answers that make no sense", () =>
      nonsense({ server: () => server, proxy: () => proxy, connect: connectHastily }))

    describe("browsing", () => browsing({ server: () => server, proxy: () => proxy, connect, testWhere }))

    test("no error, report or log line of all these had a credential or a value in it", () => {
      expect(seen.count).toBeGreaterThan(10)
      const values = [...server.siblings, ...server.others]
        .map(({ value }) => value)
        .filter(({ length }) => length > 7)
      expect(seen.found([...server.credentials, ...values])).toEqual([])
    })
  })
}
