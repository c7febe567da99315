import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { createLog } from "../../functions/chain/log.ts"
import { capturedOutput } from "./fakes.ts"

let output: ReturnType<typeof capturedOutput>
beforeEach(() => {
  output = capturedOutput()
})
afterEach(() => {
  vi.restoreAllMocks()
})

test("a line has only what is on the list, whoever logs it", () => {
  const fields = {
    requestId: "req_1",
    body: "canary",
    error: { message: "canary" },
    cause: new Error("canary"),
  }
  createLog().warn("something happened", fields as object)
  expect(output.logs()).toEqual([
    { level: "WARN", time: expect.any(String), message: "something happened", requestId: "req_1" },
  ])
})

test("long texts are cut, and a line stays a line", () => {
  createLog().info("told", { operation: "x".repeat(10_000), reason: "two\nlines" })
  expect(output.lines).toHaveLength(1)
  expect(output.logs()[0].operation).toHaveLength(515)
})
