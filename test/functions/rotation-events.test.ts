import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { LatchkeyError } from "../../core/errors.ts"
import type { AwsEventsOutcome } from "../../core/rotation/aws-changed.ts"
import type { App } from "../../functions/app.ts"
import { rotationEventsHandler } from "../../functions/rotation-events.ts"
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

/** As the queue gives messages: what EventBridge has put into them. */
const batchOf = (...events: unknown[]) => ({
  Records: events.map((event, i) => ({
    messageId: `message-${i}`,
    body: typeof event === "string" ? event : JSON.stringify(event),
    eventSource: "aws:sqs",
  })),
})

function deliver(event: unknown, change: Partial<App> = {}, context = {}) {
  const app = { ...world().instance(), directCallers: [], ...change } as App
  return rotationEventsHandler(fakeDeps({ getApp: async () => app }))(event, lambdaContext(context))
}

const taking = (outcome: Partial<AwsEventsOutcome>): Partial<App> => ({
  awsChanged: async () => ({ ignored: [], cleared: 0, failed: [], ...outcome }),
})
const retried = "The events could not be acted on now. The queue gives them again."
const nothingAgain = { batchItemFailures: [] }

describe("events of EventBridge", () => {
  test("are acted on, and the log says how many connections they have cleared", async () => {
    const events: unknown[] = []
    const awsChanged: App["awsChanged"] = async (call) => {
      events.push(...call.events)
      return { ignored: [], cleared: 3, failed: [] }
    }
    const sent = [call("PutSecretValue"), call("UpdateSecret")]
    expect(await deliver(batchOf(...sent), { awsChanged })).toEqual(nothingAgain)
    expect(events).toEqual(sent)
    expect(output.logs()).toMatchObject([
      { message: "rotation events", connections: 3 },
      { message: "request", operation: "rotationEvents", code: "OK" },
    ])
    expect(output.metrics()).toContainEqual(expect.objectContaining({ RotationEvents: 2, outcome: "taken" }))
    expect(output.metrics()).toContainEqual(expect.objectContaining({ RotationClears: 3 }))
  })

  test.each([
    ["is none", { hello: "c4nary" }, "not an event of EventBridge's form"],
    ["is forged", { ...call("PutSecretValue"), source: "c4nary" }, "not of a service that keeps secrets"],
    ["is empty", "", "not an event of EventBridge's form"],
    ["is text", "c4nary", "not an event of EventBridge's form"],
  ])(
    "one that %s is dropped: the log says why and quotes nothing, and it does not come again",
    async (_, event, reason) => {
      expect(await deliver(batchOf(event))).toEqual(nothingAgain)
      expect(output.logs()).toContainEqual(
        expect.objectContaining({ message: "rotation event ignored", level: "WARN", reason }),
      )
      expect(output.metrics()).toContainEqual(
        expect.objectContaining({ RotationEvents: 1, outcome: "ignored" }),
      )
      expect(output.lines.join()).not.toContain("c4nary")
    },
  )

  test.each([undefined, null, "c4nary", {}, call("PutSecretValue")])(
    "what is none of the queue's has none: %#",
    async (event) => {
      expect(await deliver(event)).toEqual(nothingAgain)
      expect(output.lines.join()).not.toContain("c4nary")
    },
  )

  test.each([
    ["storage is away", new LatchkeyError("UNAVAILABLE", "c4nary", {}, { cause: new Error("c4nary") })],
    ["there is a bug", new Error("c4nary")],
  ])("come again where %s, those alone, and the log says why", async (_, error) => {
    const failing = taking({ ignored: ["no change"], failed: [{ error, events: [0, 2] }] })
    const { code } = error instanceof LatchkeyError ? error : { code: "INTERNAL" }
    expect(await deliver(batchOf("a", "b", "c", "d"), failing)).toEqual({
      batchItemFailures: [{ itemIdentifier: "message-0" }, { itemIdentifier: "message-2" }],
    })
    expect(output.logs()).toContainEqual(expect.objectContaining({ message: "rotation events failed", code }))
    for (const [outcome, count] of [
      ["failed", 2],
      ["ignored", 1],
      ["taken", 1],
    ] as const)
      expect(output.metrics()).toContainEqual(expect.objectContaining({ RotationEvents: count, outcome }))
    expect(output.lines.join()).not.toContain("c4nary")
  })

  test("all come again where nothing can be acted on, with nothing in the error that Lambda prints", async () => {
    const failing = { awsChanged: () => Promise.reject(new Error("c4nary")) }
    const thrown = await deliver(batchOf(call("PutSecretValue")), failing).catch((error: unknown) => error)
    expect(thrown).toMatchObject({ message: retried })
    expect((thrown as Error).cause).toBeUndefined()
    expect(Object.keys(thrown as Error)).toEqual([])
    expect(output.logs()).toContainEqual(expect.objectContaining({ message: "request failed" }))
    expect(output.lines.join()).not.toContain("c4nary")
  })

  test("are given up before Lambda's time is over, and the work with them", async () => {
    let aborted = false
    const awsChanged: App["awsChanged"] = ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          aborted = true
          reject(signal.reason)
        })
      })
    const context = { getRemainingTimeInMillis: () => 520 }
    await expect(deliver(batchOf(call("PutSecretValue")), { awsChanged }, context)).rejects.toThrow(retried)
    expect(aborted).toBe(true)
  })
})
