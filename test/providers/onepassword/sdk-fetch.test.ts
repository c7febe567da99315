import { expect, test } from "vitest"
import { boundedFetch } from "../../../core/providers/onepassword/sdk-fetch.ts"
import { movedClock, turn } from "../../support/moved-clock.ts"

const MiB = 1024 * 1024
const request = () =>
  new Request("https://my.1password.com/api/v3/auth/start", { method: "POST", body: "{}" })

/** A server in the place of `fetch`, with what its answers are made of. */
function serving(body: ReadableStream<Uint8Array> | string | null, init: ResponseInit = {}) {
  const clock = movedClock()
  return { clock, fetch: boundedFetch(async () => new Response(body, init), clock) }
}

/** A body that goes on for as long as it is read, and counts. */
function endless() {
  const seen = { bytes: 0, left: false }
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      seen.bytes += MiB
      controller.enqueue(new Uint8Array(MiB))
    },
    cancel() {
      seen.left = true
    },
  })
  return { seen, body }
}

test("an answer is what it was, with its status, headers and address", async () => {
  const { fetch } = serving("hello", { status: 418, headers: { "x-a": "b" } })
  const response = await fetch(request())
  expect([response.status, response.headers.get("x-a"), response.url]).toEqual([
    418,
    "b",
    "https://my.1password.com/api/v3/auth/start",
  ])
  expect(await response.text()).toBe("hello")
})

test("an answer without a body has none", async () => {
  const response = await serving(null, { status: 204 }).fetch(request())
  expect([response.status, response.body]).toEqual([204, null])
})

test("an answer without end is given up at 16 MiB, and its connection with it", async () => {
  const { seen, body } = endless()
  const response = await serving(body).fetch(request())
  await expect(response.arrayBuffer()).rejects.toThrow("too large")
  expect(seen.left).toBe(true)
  expect(seen.bytes).toBeLessThan(20 * MiB)
})

test.each([
  ["that does not begin", "never"],
  ["that does not end", "begun"],
] as const)("an answer %s is given up after five seconds", async (_, how) => {
  const clock = movedClock()
  let signal: AbortSignal | null | undefined
  const fetch = boundedFetch((_, init) => {
    signal = init?.signal
    if (how === "begun") return Promise.resolve(new Response(new ReadableStream()))
    return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal?.reason)))
  }, clock)
  let failure: unknown
  const asking = fetch(request()).then((response) => response.arrayBuffer())
  asking.catch((error: unknown) => {
    failure = error
  })
  await turn()
  clock.advance(4_999)
  await turn()
  expect(failure).toBeUndefined()
  clock.advance(1)
  await expect(asking).rejects.toMatchObject({ name: "TimeoutError" })
  expect(signal?.aborted).toBe(true)
})

test("what others ask for is passed on as it is", async () => {
  const response = new Response("x")
  const asked: unknown[] = []
  const original: typeof globalThis.fetch = async (...request) => {
    asked.push(request)
    return response
  }
  const fetch = boundedFetch(original, movedClock())
  const init = { method: "POST", body: "[]" }
  expect(await fetch("https://redis.example/pipeline", init)).toBe(response)
  expect(asked).toEqual([["https://redis.example/pipeline", init]])
})

test("however often it is made, it is one", () => {
  const clock = movedClock()
  const fetch = boundedFetch(async () => new Response(), clock)
  expect(boundedFetch(fetch, clock)).toBe(fetch)
})
