import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { LatchkeyError } from "../../core/errors.ts"
import type { App } from "../../functions/app.ts"
import { rotationEventHandler } from "../../functions/rotation-events.ts"
import { call } from "../rotation/recorded-events.ts"
import { world } from "../support/instance.ts"
import { capturedOutput, fakeDeps, lambdaContext } from "./fakes.ts"

let output: ReturnType<typeof capturedOutput>
beforeEach(() => {
  output = capturedOutput()
})
afterEach(() => {
  vi.restoreAllMocks()
})

function deliver(event: unknown, change: Partial<App> = {}, context = {}) {
  const app = { ...world().instance(), directCallers: [], ...change } as App
  return rotationEventHandler(fakeDeps({ getApp: async () => app }))(event, lambdaContext(context))
}

const failing = (error: unknown) => ({ awsChanged: () => Promise.reject(error) })
const retried = "The event could not be acted on now. Lambda tries it again."

describe("an event of EventBridge", () => {
  test("is acted on, and the log says how many connections it has cleared", async () => {
    await deliver(call("PutSecretValue"), { awsChanged: async () => ({ cleared: 3 }) })
    expect(output.logs()).toMatchObject([
      { message: "rotation event", connections: 3 },
      { message: "request", operation: "rotationEvents", code: "OK" },
    ])
    expect(output.metrics()).toContainEqual(expect.objectContaining({ RotationEvents: 1, outcome: "taken" }))
    expect(output.metrics()).toContainEqual(expect.objectContaining({ RotationClears: 3 }))
  })

  test.each([
    ["is none", { hello: "c4nary" }, "not an event of EventBridge's form"],
    ["is forged", { ...call("PutSecretValue"), source: "c4nary" }, "not of a service that keeps secrets"],
    ["is missing", undefined, "not an event of EventBridge's form"],
    ["is text", "c4nary", "not an event of EventBridge's form"],
  ])(
    "that %s is dropped: the log says why and quotes nothing, and Lambda does not try again",
    async (_, event, reason) => {
      await deliver(event)
      expect(output.logs()).toContainEqual(
        expect.objectContaining({ message: "rotation event ignored", level: "WARN", reason }),
      )
      expect(output.metrics()).toContainEqual(
        expect.objectContaining({ RotationEvents: 1, outcome: "ignored" }),
      )
      expect(output.lines.join()).not.toContain("c4nary")
    },
  )

  test.each([
    ["storage is away", new LatchkeyError("UNAVAILABLE", "c4nary", {}, { cause: new Error("c4nary") })],
    ["there is a bug", new Error("c4nary")],
  ])(
    "fails where %s, for Lambda to try again, with nothing in the error that Lambda prints",
    async (_, error) => {
      const thrown = await deliver(call("PutSecretValue"), failing(error)).catch((error: unknown) => error)
      expect(thrown).toMatchObject({ message: retried })
      expect((thrown as Error).cause).toBeUndefined()
      expect(Object.keys(thrown as Error)).toEqual([])
      expect(output.logs()).toContainEqual(expect.objectContaining({ message: "request failed" }))
      expect(output.lines.join()).not.toContain("c4nary")
    },
  )

  test("is given up before Lambda's time is over, and the work with it", async () => {
    let aborted = false
    const awsChanged: App["awsChanged"] = ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          aborted = true
          reject(signal.reason)
        })
      })
    const context = { getRemainingTimeInMillis: () => 520 }
    await expect(deliver(call("PutSecretValue"), { awsChanged }, context)).rejects.toThrow(retried)
    expect(aborted).toBe(true)
  })
})
