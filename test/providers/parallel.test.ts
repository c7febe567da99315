import { expect, test } from "vitest"
import { forEachParallel } from "../../core/providers/parallel.ts"

test("everything is done, no more than the limit at a time", async () => {
  let running = 0
  let most = 0
  const done: number[] = []
  await forEachParallel([1, 2, 3, 4, 5], 2, async (item) => {
    most = Math.max(most, ++running)
    await new Promise(setImmediate)
    running--
    done.push(item)
  })
  expect(done.sort()).toEqual([1, 2, 3, 4, 5])
  expect(most).toBe(2)
})

test("nothing is begun once one has failed", async () => {
  const begun: number[] = []
  const working = forEachParallel([1, 2, 3, 4, 5, 6], 2, async (item) => {
    begun.push(item)
    await new Promise(setImmediate)
    if (item === 1) throw new Error("first")
  })
  await expect(working).rejects.toThrow("first")
  await new Promise(setImmediate)
  expect(begun).toEqual([1, 2])
})

test("nothing to do is done", async () => {
  await forEachParallel([], 2, () => Promise.reject(new Error("not called")))
})
