import { expect, test } from "vitest"
import { ProviderError, type Reason } from "../../core/errors.ts"
import { gatherResults } from "../../core/providers/gather-results.ts"

const { signal } = new AbortController()
const failing = (reason: Reason) => async () => {
  throw new ProviderError(reason, "Failed.")
}

test("a failure is the result of all documents that share it and have none", async () => {
  const { results, settle } = gatherResults(signal)
  await settle(["read", "a", "b"], async () => {
    results.set("read", { ok: true, content: 1 })
    await failing("TIMEOUT")()
  })
  expect(results.get("read")).toEqual({ ok: true, content: 1 })
  expect(results.get("a")).toMatchObject({ ok: false, error: { reason: "TIMEOUT" } })
  expect([...results.keys()]).toEqual(["read", "a", "b"])
})

test("after rejected credentials nothing more is asked, after other failures it is", async () => {
  const { results, settle } = gatherResults(signal)
  const asked: string[] = []
  const ask = (document: string, reason: Reason) =>
    settle([document], async () => {
      asked.push(document)
      await failing(reason)()
    })
  await ask("a", "PERMISSION_DENIED")
  await ask("b", "BAD_CREDENTIALS")
  await ask("c", "NOT_FOUND")
  expect(asked).toEqual(["a", "b"])
  expect(results.get("c")).toEqual(results.get("b"))
})

test("neither an abort nor a bug is anyone's result", async () => {
  const controller = new AbortController()
  const { results, settle } = gatherResults(controller.signal)
  await expect(settle(["a"], () => Promise.reject(new TypeError("bug")))).rejects.toThrow("bug")
  controller.abort(new Error("gone"))
  await expect(settle(["b"], failing("TIMEOUT"))).rejects.toThrow("gone")
  expect(results).toEqual(new Map())
})

test("once the documents hold more than one fetch may, no further one is asked for", async () => {
  const { results, settle } = gatherResults(signal)
  const asked: string[] = []
  for (let at = 0; at < 40; at++)
    await settle([`${at}`], async () => {
      asked.push(`${at}`)
      results.set(`${at}`, { ok: true, content: { keys: ["x".repeat(1_048_576)] } })
    })
  expect(asked).toHaveLength(32)
  expect(results.get("31")).toMatchObject({ ok: true })
  for (const at of ["32", "39"])
    expect(results.get(at)).toMatchObject({
      ok: false,
      error: {
        reason: "UNSUPPORTED_VALUE",
        message: expect.stringContaining("more than 32 MiB together. Resolve it in parts."),
      },
    })
})

test("a document is weighed once, however often it is settled", async () => {
  const { results, settle } = gatherResults(signal)
  const content = "x".repeat(1_048_576)
  for (let at = 0; at < 40; at++)
    await settle(["same"], async () => void results.set("same", { ok: true, content }))
  await settle(["other"], async () => void results.set("other", { ok: true, content }))
  expect(results.get("other")).toEqual({ ok: true, content })
})

test("weighs what nests deeper than the stack", async () => {
  const { results, settle } = gatherResults(signal)
  const content = JSON.parse("[".repeat(200_000) + "]".repeat(200_000))
  await settle(["deep"], async () => void results.set("deep", { ok: true, content }))
  expect(results.get("deep")?.ok).toBe(true)
})

test("weighs what a document takes in memory, not how short its text is", async () => {
  const { results, settle } = gatherResults(signal)
  const asked: string[] = []
  for (let at = 0; at < 10; at++)
    await settle([`${at}`], async () => {
      asked.push(`${at}`)
      results.set(`${at}`, { ok: true, content: Array.from({ length: 300_000 }, () => ({})) })
    })
  expect(asked).toEqual(["0", "1", "2"])
})
