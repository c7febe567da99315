import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import * as z from "zod"
import { LatchkeyError } from "../../core/errors.ts"
import type { App } from "../../functions/app.ts"
import { type DirectRequest, directHandler } from "../../functions/direct-handler.ts"
import { apiEvent, capturedOutput, fakeDeps, lambdaContext } from "./fakes.ts"

interface Payload {
  platformId: string
  value?: unknown
}

const operation = {
  id: "echo-direct",
  payload: (): z.core.$ZodType<Payload> =>
    z.strictObject({ platformId: z.string(), value: z.unknown().optional() }),
  payloadLimit: 4096,
}

const app = { directCallers: [{ name: "engine", platforms: ["acme"] }] } as unknown as App
const invokedFunctionArn = "arn:aws:lambda:eu-west-1:123456789012:function:resolve-direct:engine"

let output: ReturnType<typeof capturedOutput>
beforeEach(() => {
  output = capturedOutput()
})
afterEach(() => {
  vi.restoreAllMocks()
})

type Run = (app: App, request: DirectRequest<Payload>) => Promise<{ body: { value: unknown } }>

const giveBack: Run = async (_, { payload, principal }) => ({
  body: { value: [payload.value, principal.subject] },
})

function invoke(payload: unknown, run: Run = giveBack, context = {}) {
  const deps = fakeDeps({ getApp: () => Promise.resolve(app) })
  return directHandler(operation, run, deps)(payload, lambdaContext({ invokedFunctionArn, ...context }))
}

const problem = (code: string) => ({ ok: false, error: { code, requestId: expect.stringMatching(/^req_/) } })

describe("a direct invocation", () => {
  test("is by the alias that was invoked, and answered with what the operation gives", async () => {
    expect(await invoke({ platformId: "acme", value: 1 })).toEqual({ ok: true, value: [1, "engine"] })
    expect(output.logs()).toMatchObject([
      { operation: "echo-direct", code: "OK", platformId: "acme", status: 200 },
    ])
  })

  test("keeps __proto__ as plain data", async () => {
    const payload = JSON.parse('{"platformId":"acme","value":{"__proto__":{"a":1}}}')
    expect(JSON.stringify(await invoke(payload))).toContain('{"__proto__":{"a":1}}')
  })

  test.each<[string, unknown, object, string]>([
    ["for another platform", { platformId: "globex" }, {}, "AUTHORIZATION"],
    [
      "without an alias",
      { platformId: "acme" },
      { invokedFunctionArn: invokedFunctionArn.slice(0, -7) },
      "AUTHORIZATION",
    ],
    ["with an unknown key", { platformId: "acme", principal: {} }, {}, "VALIDATION"],
    ["with an API Gateway event", apiEvent({ platformId: "acme" }), {}, "VALIDATION"],
    ["with nothing", undefined, {}, "VALIDATION"],
    [
      "with a value too deep",
      { platformId: "acme", value: JSON.parse("[".repeat(65) + "]".repeat(65)) },
      {},
      "VALIDATION",
    ],
    ["with too much", { platformId: "acme", value: ["x".repeat(4096)] }, {}, "PAYLOAD_TOO_LARGE"],
    ["with too many", { platformId: "acme", value: Array(4096).fill(1) }, {}, "PAYLOAD_TOO_LARGE"],
  ])("%s is a problem", async (_, payload, context, code) => {
    const never: Run = () => Promise.reject(new Error("must not run"))
    expect(await invoke(payload, never, context)).toMatchObject(problem(code))
  })

  test("that fails is a problem too, a bug without its detail", async () => {
    const fails = (error: Error) => invoke({ platformId: "acme" }, () => Promise.reject(error))
    expect(await fails(new LatchkeyError("UNAVAILABLE", "Try again."))).toMatchObject(problem("UNAVAILABLE"))
    const bug = await fails(new Error("canary"))
    expect(bug).toMatchObject(problem("INTERNAL"))
    expect(JSON.stringify([bug, output.lines])).not.toContain("canary")
  })

  test("that takes too long is aborted", async () => {
    const reply = await invoke(
      { platformId: "acme" },
      (_, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      { getRemainingTimeInMillis: () => 501 },
    )
    expect(reply).toMatchObject(problem("UNAVAILABLE"))
  })
})
