import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { systemClock } from "../../../core/clock.ts"
import { createNetwork, type Network } from "../../../core/network/client.ts"
import { conjur } from "../../../core/providers/conjur/index.ts"
import { type ConjurServer, startConjur } from "../../../local/secret-managers/conjur/server.ts"
import { testDeps } from "../deps.ts"

let server: ConjurServer
let network: Network

beforeEach(async () => {
  server = await startConjur()
  network = createNetwork({
    policy: { allowHttp: true, allowLoopback: true, exceptions: [] },
    clock: systemClock,
  })
})
afterEach(async () => {
  network.close()
  await server.stop()
})

const asked = () =>
  Object.fromEntries(Object.entries(server.requests.counts).filter(([, count]) => count > 0))

/** Puts so many variables of so many bytes there, and gives what a connection makes of them. */
async function fetchMany(count: number, bytes: number) {
  const ids = Array.from({ length: count }, (_, n) => `data/payments/key-${n}`)
  const { loginId, apiKey } = server.admin.createLogin("host/app")
  const contentOf = (id: string) => id.padEnd(bytes, "ü").slice(0, bytes)
  for (const id of ids) {
    server.admin.put(id, Buffer.from(contentOf(id), "latin1"))
    server.admin.permit(loginId, ["read", "execute"], id)
  }
  const config = { url: server.url, organizationAccountName: server.admin.account, loginId, apiKey }
  const deps = testDeps(network.client({ platformId: "acme", connectionKey: "counts" }))
  const client = conjur.open(conjur.config().parse(config), deps)
  const documents = ids.map((id) => conjur.parsePath(id, { encoding: "base64" }))
  const results = await client.fetch(
    documents.map(({ document }) => document),
    new AbortController().signal,
  )
  const right = documents.filter(({ document, select, path }) => {
    const result = results.get(document)
    const expected = Buffer.from(contentOf(path), "latin1").toString("base64")
    return result?.ok && select(result.content) === expected
  })
  return { right: right.length, counts: asked() }
}

describe("references of ordinary size cost one request, and one login", () => {
  test.each([
    [1, { authenticate: 1, read: 1 }],
    [20, { authenticate: 1, batch: 1 }],
    [200, { authenticate: 1, batch: 1 }],
  ])("%i of them", async (count, counts) => {
    expect(await fetchMany(count, 200)).toEqual({ right: count, counts })
  })
})

test("values too large for one answer come in as many as it takes, none of them alone", async () => {
  const { right, counts } = await fetchMany(100, 64 * 1024)
  expect(right).toBe(100)
  expect(counts).toEqual({ authenticate: 1, batch: 7 })
})
