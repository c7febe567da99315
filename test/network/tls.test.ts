import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, test, vi } from "vitest"
import { certificate, httpServer, httpsServer, openClient } from "./servers.ts"

const caCertificate = certificate("ca.pem")
const trusting = { caCertificate }
const named = { caCertificate, resolve: async () => ["127.0.0.1"] }

describe("TLS", () => {
  test("reaches a server whose authority is in the bundle, by address and by name", async () => {
    const server = await httpsServer()
    const { ask } = openClient(named)
    expect((await ask(server.url)).body.toString()).toBe("ok")
    expect((await ask(`https://vault.test.:${server.port}/`)).status).toBe(200)
    expect(server.servernames).toEqual([false, "vault.test"])
  })

  test.each([
    ["of an authority that is not known", {}, "localhost.pem", "caCertificate"],
    [
      "of another authority",
      { caCertificate: certificate("other-ca.pem") },
      "localhost.pem",
      "caCertificate",
    ],
    ["for another host", trusting, "elsewhere.pem", "another host"],
    ["that has expired", trusting, "expired.pem", "expired"],
  ])("refuses a certificate %s, and says what to do", async (_, options, name, advice) => {
    const server = await httpsServer(undefined, { certificate: name })
    const { ask, clock } = openClient(options)
    const error = await ask(server.url, { headers: { "x-vault-token": "t" } }).catch((e) => e)
    expect(error).toMatchObject({ reason: "TLS", upstream: { operation: "read secret" } })
    expect(error.message).toContain(advice)
    expect(server.received).toEqual([])
    expect(clock.slept).toEqual([])
  })

  test("is verified whatever the environment says", async () => {
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0")
    const server = await httpsServer()
    await expect(openClient().ask(server.url)).rejects.toMatchObject({ reason: "TLS" })
    expect(server.received).toEqual([])
  })

  test("trusts no authority that the environment adds, and takes no proxy from it", async () => {
    const server = await httpsServer()
    const proxy = await httpServer()
    const script = `
      import { createNetwork } from "./core/network/client.ts"
      import { systemClock } from "./core/clock.ts"
      const policy = { allowHttp: true, allowLoopback: true, exceptions: [] }
      const client = createNetwork({ policy, clock: systemClock }).client({ platformId: "p", connectionKey: "c" })({})
      const signal = new AbortController().signal
      await client.request({ method: "GET", url: "${server.url}/", operation: "read", signal })
        .then(({ status }) => console.log(status), ({ reason }) => console.log(reason))`
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
      env: {
        NODE_EXTRA_CA_CERTS: fileURLToPath(new URL("../fixtures/tls/ca.pem", import.meta.url)),
        NODE_TLS_REJECT_UNAUTHORIZED: "0",
        NODE_USE_ENV_PROXY: "1",
        HTTPS_PROXY: proxy.url,
        NODE_NO_WARNINGS: "1",
      },
    })
    expect([stdout.trim(), server.received.length, proxy.connections]).toEqual(["TLS", 0, 0])
  })

  test("takes a bundle of several authorities", async () => {
    const server = await httpsServer()
    const bundle = `${certificate("other-ca.pem")}\n${caCertificate}`
    expect((await openClient({ caCertificate: bundle }).ask(server.url)).status).toBe(200)
  })

  test.each(["", "marker", "-----BEGIN CERTIFICATE-----\nbWFya2Vy\n-----END CERTIFICATE-----"])(
    "refuses a bundle that is no PEM, and does not repeat it: %j",
    async (bundle) => {
      const server = await httpsServer()
      const error = await openClient({ caCertificate: bundle })
        .ask(server.url)
        .catch((e) => e)
      expect(error).toMatchObject({ reason: "TLS", message: expect.stringContaining("caCertificate") })
      expect(error.stack).not.toContain("bWFya2Vy")
      expect(error.message).not.toContain("marker")
    },
  )

  test("is not spoken below 1.2", async () => {
    const server = await httpsServer(undefined, {
      minVersion: "TLSv1",
      maxVersion: "TLSv1.1",
      ciphers: "DEFAULT@SECLEVEL=0",
    })
    await expect(openClient(trusting).ask(server.url)).rejects.toMatchObject({ reason: "TLS" })
  })

  test("to a port that speaks plain http fails as TLS", async () => {
    const server = await httpServer()
    await expect(openClient(trusting).ask(server.url.replace("http:", "https:"))).rejects.toMatchObject({
      reason: "TLS",
    })
  })

  test("of a server that wants a client's certificate fails as TLS", async () => {
    const server = await httpsServer(undefined, {
      requestCert: true,
      rejectUnauthorized: true,
      ca: caCertificate,
    })
    await expect(openClient(trusting).ask(server.url)).rejects.toMatchObject({ reason: "TLS" })
  })

  test("keeps connections, and sessions between them, to one connection of one tenant", async () => {
    const server = await httpsServer((response, { url }) => {
      if (url === "/close") response.setHeader("connection", "close")
      response.end()
    })
    const { ask, other } = openClient(trusting)
    await ask(server.url)
    await ask(`${server.url}/close`)
    await ask(server.url)
    await other({ connectionKey: "two" })(server.url)
    expect(server.reused).toEqual([false, true, false])
  })

  test("tells how far it came", async () => {
    const good = await httpsServer()
    const bad = await httpsServer(undefined, { certificate: "expired.pem" })
    const { ask } = openClient(trusting)
    const phases: string[] = []
    const onPhase = (phase: string) => phases.push(phase)
    await ask(good.url, { onPhase })
    await ask(good.url, { onPhase })
    expect(phases.splice(0)).toEqual(["reach", "TLS", "reach", "TLS"])
    await ask(bad.url, { onPhase }).catch(() => {})
    expect(phases).toEqual(["reach"])
  })
})
