import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import * as z from "zod"
import { defineOperation } from "../../core/contract/operation.ts"
import { LatchkeyError } from "../../core/errors.ts"
import { operationHandler, publicHandler, type Reply } from "../../functions/handler.ts"
import { admin, apiEvent, capturedOutput, fakeDeps, lambdaContext, member, service } from "./fakes.ts"

const echo = defineOperation({
  id: "echo",
  method: "POST",
  path: "/{id}/echo",
  who: ["admin"],
  summary: "Gives back what it is given",
  params: () => z.strictObject({ id: z.string().regex(/^[\w@|]+$/) }),
  query: () => z.strictObject({ limit: z.coerce.number().optional() }),
  body: () => z.strictObject({ value: z.unknown().optional(), name: z.string().max(5).optional() }),
  reply: () => z.unknown(),
  ifMatch: true,
  etag: true,
  bodyLimit: 2048,
  status: 201,
  errors: [],
})

const bare = defineOperation({
  id: "bare",
  method: "DELETE",
  path: "/bare",
  who: ["admin", "service"],
  summary: "Takes nothing, gives nothing",
  bodyLimit: 1024,
  status: 204,
  errors: [],
})

const open = defineOperation({
  ...bare,
  id: "open",
  who: "public" as const,
  reply: () => z.unknown(),
  status: 202,
})

let output: ReturnType<typeof capturedOutput>
beforeEach(() => {
  output = capturedOutput()
})
afterEach(() => {
  vi.restoreAllMocks()
})

type Run = Parameters<
  typeof operationHandler<
    { id: string },
    { limit?: number | undefined },
    { value?: unknown; name?: string | undefined },
    unknown
  >
>[1]

const giveBack: Run = async (_, { signal: _signal, ...request }) => ({ body: request })

async function call(event: unknown, run: Run = giveBack, deps = fakeDeps()) {
  const { statusCode, headers = {}, body } = await operationHandler(echo, run, deps)(event, lambdaContext())
  return { status: statusCode, headers, body: JSON.parse(body), text: body }
}

const withId = { pathParameters: { id: "c1" } }
const post = (body: unknown, change = {}) => call(apiEvent(body, { ...withId, ...change }))

describe("a request that fits", () => {
  test("reaches the operation with its caller, parsed and validated", async () => {
    const { status, body } = await post(
      { value: 1 },
      { queryStringParameters: { limit: "7" }, headers: { "if-match": '"3"' } },
    )
    expect(status).toBe(201)
    expect(body).toEqual({
      principal: admin,
      params: { id: "c1" },
      query: { limit: 7 },
      body: { value: 1 },
      rawBody: '{"value":1}',
      ifMatch: 3,
      requestId: expect.stringMatching(/^req_[\w-]{21}$/),
    })
  })

  test("may be base64, encoded parameters included", async () => {
    const encoded = Buffer.from('{"value":"ü"}').toString("base64")
    const { body } = await post(encoded, { isBase64Encoded: true, pathParameters: { id: "a%7Cb" } })
    expect(body).toMatchObject({ body: { value: "ü" }, rawBody: '{"value":"ü"}', params: { id: "a|b" } })
  })

  test("keeps __proto__ and constructor as plain data in a value", async () => {
    const text = '{"value":{"__proto__":{"admin":true},"constructor":1}}'
    const { text: reply } = await post(text)
    expect(reply).toContain('"body":{"value":{"__proto__":{"admin":true},"constructor":1}}')
  })

  test.each(["7", '"7"', ' "7" '])("may send If-Match as %s", async (sent) => {
    expect((await post({}, { headers: { "If-Match": sent } })).body.ifMatch).toBe(7)
  })

  test("may lack a body, or send an empty object where none is wanted", async () => {
    expect((await post(undefined)).body.body).toEqual({})
    const none = operationHandler(bare, async () => ({}), fakeDeps())
    expect((await none(apiEvent("{}"), lambdaContext())).statusCode).toBe(204)
  })

  test("nests as deep as a value to resolve may", async () => {
    const value = JSON.parse("[".repeat(64) + "]".repeat(64))
    expect((await post({ value })).status).toBe(201)
    expect((await post({ value: [value] })).body).toMatchObject({
      code: "VALIDATION",
      detail: expect.stringContaining("nests deeper"),
    })
  })
})

describe("a request that does not fit gets a problem:", () => {
  test.each<[string, unknown, object, string]>([
    ["too large", { value: "x".repeat(2048) }, {}, "PAYLOAD_TOO_LARGE"],
    ["too large in bytes", { value: "ü".repeat(1020) }, {}, "PAYLOAD_TOO_LARGE"],
    ["too large in base64", "A".repeat(4096), { isBase64Encoded: true }, "PAYLOAD_TOO_LARGE"],
    ["no JSON", '{"value":canary}', {}, "VALIDATION"],
    ["two values", "{}{}", {}, "VALIDATION"],
    [
      "no UTF-8",
      Buffer.from('{"value":"\xff"}', "latin1").toString("base64"),
      { isBase64Encoded: true },
      "VALIDATION",
    ],
    ["too deep", `{"value":${"[".repeat(65)}${"]".repeat(65)}}`, {}, "VALIDATION"],
    ["deep and broken", `{"value":${"[".repeat(1000)}`, {}, "VALIDATION"],
    ["an unknown key", { value: 1, platformId: "globex" }, {}, "VALIDATION"],
    ["__proto__ as an unknown key", '{"value":1,"__proto__":{}}', {}, "VALIDATION"],
    ["a list", [], {}, "VALIDATION"],
    ["another type", "value=1", { headers: { "content-type": "text/plain" } }, "VALIDATION"],
    ["an unknown parameter", {}, { queryStringParameters: { project: "p" } }, "VALIDATION"],
    ["a parameter twice", {}, { multiValueQueryStringParameters: { limit: ["1", "2"] } }, "VALIDATION"],
    ["an impossible id", {}, { pathParameters: { id: "a/b" } }, "VALIDATION"],
    ["a broken escape in an id", {}, { pathParameters: { id: "%zz" } }, "VALIDATION"],
    ["a weak If-Match", {}, { headers: { "if-match": 'W/"7"' } }, "VALIDATION"],
    ["a list in If-Match", {}, { headers: { "if-match": '"7", "8"' } }, "VALIDATION"],
    ["anything in If-Match", {}, { headers: { "if-match": "*" } }, "VALIDATION"],
  ])("%s", async (_, sent, change, code) => {
    const { body, text } = await post(sent, change)
    expect(body.code).toBe(code)
    expect(text).not.toContain("canary")
    if (code === "VALIDATION")
      expect(body.issues[0]).toEqual({ pointer: expect.any(String), message: expect.any(String) })
  })

  test("its brackets inside strings are not counted", async () => {
    expect((await post({ value: `${"[".repeat(500)}\\"${"{".repeat(500)}"` })).status).toBe(201)
  })

  test("where nothing is taken, a body and parameters are refused", async () => {
    const none = operationHandler(bare, async () => ({}), fakeDeps())
    for (const event of [
      apiEvent({ a: 1 }),
      apiEvent("[]"),
      apiEvent("", { queryStringParameters: { a: "1" } }),
    ])
      expect(JSON.parse((await none(event, lambdaContext())).body).code).toBe("VALIDATION")
  })
})

describe("who is calling", () => {
  const forged = { platformId: "acme", subject: "x", type: "USER", role: "ADMIN", expiresAt: "4000000000" }

  test.each<[string, unknown, string]>([
    ["nobody", apiEvent({}, { ...withId, requestContext: { httpMethod: "POST" } }), "AUTHENTICATION"],
    ["an event that is not API Gateway's", forged, "AUTHENTICATION"],
    ["no event", null, "AUTHENTICATION"],
    [
      "a caller in the body and the headers",
      apiEvent(forged, { headers: forged, requestContext: {} }),
      "AUTHENTICATION",
    ],
    [
      "a token that has expired meanwhile",
      apiEvent({}, withId, { ...admin, expiresAt: 1_000 }),
      "AUTHENTICATION",
    ],
    ["a member", apiEvent({}, withId, member), "AUTHORIZATION"],
    ["a service", apiEvent({}, withId, service), "AUTHORIZATION"],
  ])("%s is refused before anything is read", async (_, event, code) => {
    const { body, status } = await call({ ...(event as object) }, async () => {
      throw new Error("must not run")
    })
    expect(body.code).toBe(code)
    expect(status).toBe(code === "AUTHENTICATION" ? 401 : 403)
  })

  test("of a public operation is nobody, who gets the raw body and headers", async () => {
    const handler = publicHandler(
      open,
      async (_, request) => ({
        body: { signature: request.header("latchkey-signature"), raw: request.rawBody },
      }),
      fakeDeps(),
    )
    const event = apiEvent("{}", { headers: { "Latchkey-Signature": "t=1" } })
    expect(JSON.parse((await handler(event, lambdaContext())).body)).toEqual({ signature: "t=1", raw: "{}" })
    expect((await handler({ body: "{}" }, lambdaContext())).statusCode).toBe(401)
  })

  test("cannot be left open by mistake", () => {
    expect(() => operationHandler(open, async () => ({}), fakeDeps())).toThrow(/publicHandler/)
    expect(() => publicHandler(bare, async () => ({}), fakeDeps())).toThrow(/operationHandler/)
  })
})

describe("a response", () => {
  const security = {
    "cache-control": "no-store",
    "content-security-policy": expect.stringContaining("default-src 'none'"),
    "referrer-policy": "no-referrer",
    "strict-transport-security": expect.stringContaining("max-age="),
    "x-content-type-options": "nosniff",
    "x-request-id": expect.stringMatching(/^req_/),
  }

  test("carries the security headers and our request id, on success and failure", async () => {
    const hostile = { headers: { "x-request-id": "theirs" } }
    const good = await post({}, hostile)
    expect(good.headers).toMatchObject({ ...security, "content-type": "application/json" })
    const bad = await post("{", hostile)
    expect(bad.headers).toMatchObject({ ...security, "content-type": "application/problem+json" })
    expect(bad.body.requestId).toBe(bad.headers["x-request-id"])
  })

  test("lets the console's pages read it, and nobody else's", async () => {
    expect((await post({})).headers).not.toHaveProperty("access-control-allow-origin")
    const deps = fakeDeps({ consoleOrigin: () => "https://console.example" })
    for (const body of [{}, "{"]) {
      const { headers } = await call(apiEvent(body, withId), giveBack, deps)
      expect(headers).toMatchObject({
        "access-control-allow-origin": "https://console.example",
        "access-control-expose-headers": "etag, x-request-id, retry-after",
      })
      expect(headers).not.toHaveProperty("access-control-allow-credentials")
    }
  })

  test("tells the version of what it holds in ETag, and brings headers and status of its own", async () => {
    const reply: Reply<unknown> = {
      status: 200,
      body: { version: 7 },
      headers: { "x-own": "1", "cache-control": "public" },
    }
    const { headers, status } = await call(apiEvent({}, withId), async () => reply)
    expect(status).toBe(200)
    expect(headers).toMatchObject({ etag: '"7"', "x-own": "1", "cache-control": "no-store" })
  })

  test("with 204 has no body", async () => {
    const none = operationHandler(bare, async () => ({ body: "x" as never }), fakeDeps())
    expect(await none(apiEvent(), lambdaContext())).toMatchObject({ statusCode: 204, body: "" })
  })

  test("that asks to wait says how long", async () => {
    const throttled = (fields = {}) =>
      call(apiEvent({}, withId), () => Promise.reject(new LatchkeyError("THROTTLED", "Slow down.", fields)))
    expect((await throttled({ retryAfterSeconds: 2.1 })).headers["retry-after"]).toBe("3")
    expect((await throttled()).headers["retry-after"]).toBe("1")
  })

  test("about a bug hides everything but the request id", async () => {
    for (const thrown of [new Error("canary"), "canary", undefined, { message: "canary" }]) {
      const { status, body, text } = await call(apiEvent({}, withId), () => Promise.reject(thrown))
      expect(status).toBe(500)
      expect(body).toMatchObject({ code: "INTERNAL", requestId: expect.stringMatching(/^req_/) })
      expect(text).not.toContain("canary")
    }
    expect(output.lines.join("\n")).not.toContain("canary")
  })

  test("comes also where the app cannot be built", async () => {
    const deps = fakeDeps({ getApp: () => Promise.reject(new Error("canary")) })
    expect((await call(apiEvent({}, withId), giveBack, deps)).body.code).toBe("INTERNAL")
  })
})

test("an operation that takes too long is aborted, and answered in time", async () => {
  let aborted = false
  const handler = operationHandler(
    echo,
    (_, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          aborted = true
          reject(signal.reason)
        })
      }),
    fakeDeps(),
  )
  const response = await handler(apiEvent({}, withId), lambdaContext({ getRemainingTimeInMillis: () => 501 }))
  expect(response.statusCode).toBe(503)
  expect(JSON.parse(response.body)).toMatchObject({ code: "UNAVAILABLE" })
  expect(aborted).toBe(true)
})

describe("what is told of a request", () => {
  test("is one log line and one line of metrics", async () => {
    const { body } = await call(apiEvent({}, withId), async (_, { requestId }) => ({
      body: { requestId },
      counts: { references: 3 },
    }))
    const [line, ...rest] = output.logs()
    expect(rest).toEqual([])
    expect(line).toMatchObject({
      level: "INFO",
      message: "request",
      operation: "echo",
      status: 201,
      code: "OK",
      platformId: "acme",
      references: 3,
      requestId: body.requestId,
      durationMs: expect.any(Number),
    })
    expect(output.metrics()).toEqual([
      expect.objectContaining({
        operation: "echo",
        outcome: "OK",
        Requests: 1,
        Duration: expect.any(Number),
        _aws: {
          Timestamp: expect.any(Number),
          CloudWatchMetrics: [
            {
              Namespace: "Latchkey",
              Dimensions: [["service", "operation", "outcome"]],
              Metrics: [
                { Name: "Requests", Unit: "Count" },
                { Name: "Duration", Unit: "Milliseconds" },
              ],
            },
          ],
        },
      }),
    ])
  })

  test("tells metrics of where the references came from", async () => {
    await call(apiEvent({}, withId), async (_, { requestId }) => ({
      body: { requestId },
      counts: { references: 4, fetched: 1, cached: 3, memory: 0 },
    }))
    expect(output.metrics()).toContainEqual(
      expect.objectContaining({ ReferencesFetched: 1, ReferencesFromCache: 3 }),
    )
  })

  test("leaves out the lines of most that succeed where a stage samples them, and of none that fail", async () => {
    const deps = fakeDeps({ isSampled: () => false })
    await call(apiEvent({}, withId), giveBack, deps)
    expect(output.logs()).toEqual([])
    expect(output.metrics()).toHaveLength(1)
    await call(apiEvent("no json", withId), giveBack, deps)
    expect(output.logs()).toMatchObject([{ status: 400 }])
  })

  test("names a failure by its code, reason and cause, and a bug by its place", async () => {
    const cause = Object.assign(new Error("canary"), { name: "ProvisionedThroughputExceededException" })
    await call(apiEvent({}, withId), () =>
      Promise.reject(new LatchkeyError("UNAVAILABLE", "canary", { reason: "TIMEOUT" }, { cause })),
    )
    await call(apiEvent({}, withId), () =>
      Promise.reject(new TypeError("canary\n    at /canary/file.ts:1:1")),
    )
    expect(output.logs()).toMatchObject([
      { level: "ERROR", status: 503, code: "UNAVAILABLE", reason: "TIMEOUT", cause: cause.name },
      {
        level: "ERROR",
        status: 500,
        code: "INTERNAL",
        error: "TypeError",
        at: expect.stringContaining("handler.test.ts:"),
      },
    ])
    expect(output.lines.join("\n")).not.toContain("canary")
  })

  test("never holds what the caller sent", async () => {
    const canary = "c4n4ry-secret"
    const carrying = {
      pathParameters: { id: "c1" },
      queryStringParameters: { [canary]: canary },
      headers: { authorization: `Bearer ${canary}`, cookie: canary, "if-match": canary },
    }
    await post({ value: canary }, { ...carrying, queryStringParameters: null })
    await post({ value: canary, [canary]: canary }, carrying)
    await post(`{"${canary}`, carrying)
    await call(apiEvent({ value: canary }, withId), async (_, { body }) => {
      throw Object.assign(new Error(String(body.value)), { response: body, config: { headers: canary } })
    })
    expect(output.logs()).toHaveLength(4)
    expect(output.lines.join("\n")).not.toContain(canary)
  })

  test("does not stop an answer where it cannot be told", async () => {
    const deps = fakeDeps()
    deps.metrics.flush = () => {
      throw new Error("stdout is gone")
    }
    expect((await call(apiEvent({}, withId), giveBack, deps)).status).toBe(201)
  })
})
