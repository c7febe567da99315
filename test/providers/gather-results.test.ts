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
