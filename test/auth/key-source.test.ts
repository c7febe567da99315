import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { createTokenVerifier } from "../../core/auth/token.ts"
import { audience, issuer, movedClock, newKey, type SigningKey } from "./fake-issuer.ts"

let server: Server
let jwksUrl: string
let requests: number
let answer: { status: number; body: string; location?: string }
let first: SigningKey
let second: SigningKey

const publish = (...keys: SigningKey[]) => {
  answer = { status: 200, body: JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) }) }
}

beforeAll(async () => {
  first = await newKey("first")
  second = await newKey("second")
  server = createServer((request, response) => {
    requests++
    const published = JSON.stringify({ keys: [first.publicJwk] })
    const { status, body, location }: typeof answer =
      request.url === "/elsewhere" ? { status: 200, body: published } : answer
    response.writeHead(status, location === undefined ? {} : { location }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
})

beforeEach(() => {
  requests = 0
  publish(first)
})

function open() {
  const clock = movedClock()
  const issuers = [{ issuer, audience, jwksUrl, platforms: ["acme"] }]
  return { clock, ...createTokenVerifier({ issuers, clock, sandbox: true }) }
}

const late = { exp: 4_000_000_000 }

describe("keys that an issuer publishes", () => {
  test("are fetched once for many tokens, also at the same time", async () => {
    const { verify } = open()
    const token = await first.sign()
    await Promise.all([verify(token), verify(token), verify(token)])
    await verify(token)
    expect(requests).toBe(1)
  })

  test("are fetched again for a kid that is not among them, at most every 30 seconds", async () => {
    const { verify, clock } = open()
    await verify(await first.sign(late))
    publish(first, second)
    const rotated = await second.sign(late)

    await expect(verify(rotated)).rejects.toMatchObject({ code: "AUTHENTICATION" })
    clock.advance(29_999)
    await expect(verify(rotated)).rejects.toMatchObject({ code: "AUTHENTICATION" })
    expect(requests).toBe(1)

    clock.advance(1)
    await expect(verify(rotated)).resolves.toBeDefined()
    expect(requests).toBe(2)
  })

  test("are fetched once per 30 seconds however many unknown kids are tried", async () => {
    const { verify, clock } = open()
    await verify(await first.sign(late))
    clock.advance(30_000)
    const forged = await Promise.all(["a", "b", "c", "d"].map((kid) => first.sign(late, { kid })))
    await Promise.allSettled(forged.map((token) => verify(token)))
    await Promise.allSettled(forged.map((token) => verify(token)))
    expect(requests).toBe(2)
  })

  test("no longer verify ten minutes after they were withdrawn", async () => {
    const { verify, clock } = open()
    const token = await first.sign(late)
    await verify(token)
    publish(second)
    clock.advance(10 * 60_000)
    await expect(verify(token)).rejects.toMatchObject({ code: "AUTHENTICATION" })
  })

  test("outlive their issuer's outage by an hour, and no longer", async () => {
    const { verify, clock } = open()
    const token = await first.sign(late)
    await verify(token)
    answer = { status: 503, body: "" }
    clock.advance(59 * 60_000)
    await expect(verify(token)).resolves.toBeDefined()
    clock.advance(60_000)
    await expect(verify(token)).rejects.toMatchObject({ code: "UNAVAILABLE" })
    publish(first)
    await expect(verify(token)).resolves.toBeDefined()
  })

  test.each([
    ["a failure", { status: 500, body: "{}" }],
    ["no JSON", { status: 200, body: "<html>" }],
    ["no key set", { status: 200, body: "[]" }],
    ["too much", { status: 200, body: `{"keys":[],"x":"${"x".repeat(300_000)}"}` }],
    ["too many keys", { status: 200, body: JSON.stringify({ keys: Array(101).fill({ kty: "EC" }) }) }],
    ["a redirect", { status: 302, body: "", location: "/elsewhere" }],
  ])("leave us unable to tell where the answer is %s", async (_, given) => {
    answer = given
    await expect(open().verify(await first.sign())).rejects.toMatchObject({ code: "UNAVAILABLE" })
  })
})
