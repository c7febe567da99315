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

test("an error's line is one that the SST Console groups: as Lambda's own, with a stack of the places", () => {
  createLog().error("request failed", {
    awsRequestId: "8f5a3b1e-0000-4000-8000-1d2c3b4a5f60",
    error: "TypeError",
    at: "/var/task/resolve.cjs:1:20 < /var/task/chunk-AB.cjs:3:4",
  })
  const [time, request, level, json, ...rest] = output.lines[0]?.split("\t") ?? []
  expect([time?.length, request?.length, level, rest]).toEqual([24, 36, "ERROR", []])
  expect(JSON.parse(json ?? "")).toMatchObject({
    message: "request failed",
    stack: ["TypeError: request failed", "at /var/task/resolve.cjs:1:20", "at /var/task/chunk-AB.cjs:3:4"],
  })
})

test("an error's line has only what is on the list too", () => {
  createLog().error("request failed", { code: "INTERNAL", body: "canary", error: { m: "canary" } } as object)
  expect(output.lines.join()).not.toContain("canary")
})
