import { request as open } from "node:http"
import type { APIGatewayProxyEvent, APIGatewayRequestAuthorizerEvent, Context } from "aws-lambda"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { type Clock, systemClock } from "../../core/clock.ts"
import { LatchkeyError } from "../../core/errors.ts"
import { type Gateway, startGateway } from "../../local/gateway.ts"

const consoleOrigin = "http://127.0.0.1:5999"
const clock: Clock & { time: number } = {
  ...systemClock,
  time: 1_700_000_000_000,
  now: () => clock.time,
  sleep: () => Promise.reject(new Error("nobody sleeps here")),
}

let gateway: Gateway
let seen: { event: APIGatewayProxyEvent; context: Context }[] = []
let asked: APIGatewayRequestAuthorizerEvent[] = []
let failures: unknown[] = []
let authorize: (event: APIGatewayRequestAuthorizerEvent) => unknown
let reply: (event: APIGatewayProxyEvent) => unknown

const policy = (Effect: string, Resource: string | string[]) => ({
  Version: "2012-10-17",
  Statement: [{ Effect, Action: "execute-api:Invoke", Resource }],
})

const allowAll = () => ({
  principalId: "alice",
  policyDocument: policy("Allow", "*"),
  context: { platformId: "acme", expiresAt: 1_800_000_000, projectIds: '["p1"]' },
})

beforeAll(async () => {
  const toy = async () => (event: APIGatewayProxyEvent, context: Context) => {
    seen.push({ event, context })
    return reply(event)
  }
  gateway = await startGateway({
    routes: {
      match: (method, path) => {
        if (path === "/api/public") return { operation: "toy", resource: path, public: true }
        if (path === "/api/unserved") return { operation: "unserved", resource: path, public: true }
        if (method === "POST" && /^\/api\/[^/]+\/test$/.test(path))
          return { operation: "toy", resource: "/api/{id}/test", public: false }
        return undefined
      },
    },
    handlers: { toy },
    authorizer: async () => (event) => {
      asked.push(event)
      return authorize(event)
    },
    problem: (error, requestId) => {
      const { code, status } = error instanceof LatchkeyError ? error : { code: "INTERNAL", status: 500 }
      return { status, code, requestId }
    },
    consoleOrigin,
    clock,
    timeoutMs: 200,
    onError: (_, error) => failures.push(error),
  })
})

beforeEach(() => {
  seen = []
  asked = []
  failures = []
  authorize = allowAll
  reply = () => ({ statusCode: 200, body: "{}" })
  clock.time += 3_600_000
})

afterAll(() => gateway.close())

const post = (path = "/api/smc_1/test", headers: Record<string, string> = {}, body?: string) =>
  fetch(gateway.url + path, {
    method: "POST",
    headers: { authorization: "Bearer t", ...headers },
    ...(body !== undefined && { body }),
  })

const outcome = async (response: Response) => {
  const problem = (await response.json()) as { code: string; requestId: string }
  expect(response.headers.get("content-type")).toBe("application/problem+json")
  expect(response.headers.get("cache-control")).toBe("no-store")
  expect(response.headers.get("x-request-id")).toBe(problem.requestId)
  return [response.status, problem.code]
}

describe("the event", () => {
  test("is that of a REST API's proxy integration", async () => {
    await post("/api/smc%2D1/test?a=1&a=%C3%A9%20+&b=", { "X-Trace": "t1" }, '{"héllo":1}')
    const [{ event, context } = { event: undefined, context: undefined }] = seen
    expect(event).toMatchObject({
      resource: "/api/{id}/test",
      path: "/api/smc%2D1/test",
      httpMethod: "POST",
      headers: { authorization: "Bearer t", "X-Trace": "t1" },
      multiValueHeaders: { "X-Trace": ["t1"] },
      queryStringParameters: { a: "é  ", b: "" },
      multiValueQueryStringParameters: { a: ["1", "é  "], b: [""] },
      pathParameters: { id: "smc%2D1" },
      stageVariables: null,
      body: '{"héllo":1}',
      isBase64Encoded: false,
      requestContext: {
        authorizer: {
          principalId: "alice",
          platformId: "acme",
          expiresAt: "1800000000",
          projectIds: '["p1"]',
        },
        stage: "sandbox",
        resourcePath: "/api/{id}/test",
        identity: { sourceIp: "127.0.0.1", userAgent: "node" },
      },
    })
    expect(event?.requestContext.requestId).toMatch(/^[0-9a-f-]{36}$/)
    expect(context?.functionName).toBe("toy")
    expect(context?.getRemainingTimeInMillis()).toBe(200)
  })

  test("has null for what was not sent", async () => {
    await fetch(`${gateway.url}/api/public`)
    expect(seen[0]?.event).toMatchObject({
      body: null,
      queryStringParameters: null,
      multiValueQueryStringParameters: null,
      pathParameters: null,
      requestContext: { authorizer: undefined },
    })
    expect(asked).toEqual([])
  })

  test("keeps repeated headers, the last one counting", async () => {
    await new Promise((resolve) => {
      const request = open(`${gateway.url}/api/public`, { setHost: false })
      request.setHeader("host", `localhost:${gateway.port}`)
      request.setHeader("x-many", ["one", "two"])
      request.end().on("response", (response) => response.resume().on("end", resolve))
    })
    expect(seen[0]?.event.headers["x-many"]).toBe("two")
    expect(seen[0]?.event.multiValueHeaders["x-many"]).toEqual(["one", "two"])
  })
})

describe("the result", () => {
  test("becomes the answer, headers with several values and base64 included", async () => {
    reply = () => ({
      statusCode: 201,
      headers: { etag: '"7"', "x-many": "no" },
      multiValueHeaders: { "X-Many": ["a", "b"] },
      body: Buffer.from([0, 255]).toString("base64"),
      isBase64Encoded: true,
    })
    const response = await post()
    expect([response.status, response.headers.get("etag"), response.headers.get("x-many")]).toEqual([
      201,
      '"7"',
      "a, b",
    ])
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(new Uint8Array([0, 255]))
  })

  test("may have no body", async () => {
    reply = () => ({ statusCode: 204, body: "" })
    expect((await post()).status).toBe(204)
  })

  test.each([
    ["a crash", () => Promise.reject(new Error("boom"))],
    ["a result that is none", () => ({ ok: true })],
    ["a result larger than Lambda returns", () => ({ statusCode: 200, body: "x".repeat(6 * 1024 * 1024) })],
  ])("is a 500 problem after %s", async (_, answer) => {
    reply = answer
    expect(await outcome(await post())).toEqual([500, "INTERNAL"])
    expect(failures).toHaveLength(1)
  })

  test("is a 503 problem where the function takes too long", async () => {
    reply = () => new Promise(() => undefined)
    expect(await outcome(await post())).toEqual([503, "UNAVAILABLE"])
  })

  test("is a 500 problem where no function serves the operation", async () => {
    expect(await outcome(await fetch(`${gateway.url}/api/unserved`))).toEqual([500, "INTERNAL"])
  })
})

describe("the door", () => {
  test("has no unknown routes and no unknown methods", async () => {
    expect(await outcome(await post("/nowhere"))).toEqual([404, "ENTITY_NOT_FOUND"])
    expect(await outcome(await fetch(`${gateway.url}/api/x/test`))).toEqual([404, "ENTITY_NOT_FOUND"])
    expect(asked).toEqual([])
  })

  test("asks for a token without troubling the authorizer", async () => {
    expect(await outcome(await fetch(`${gateway.url}/api/x/test`, { method: "POST" }))).toEqual([
      401,
      "AUTHENTICATION",
    ])
    expect(asked).toEqual([])
  })

  test("remembers the authorizer's answer for a minute, by the header alone", async () => {
    for (const [token, seconds] of [
      ["a", 0],
      ["a", 59.9],
      ["b", 0],
      ["a", 0.2],
    ] as const) {
      clock.time += seconds * 1000
      await post("/api/smc_1/test", { authorization: `Bearer ${token}` })
    }
    expect(asked.map((event) => event.headers?.authorization)).toEqual(["Bearer a", "Bearer b", "Bearer a"])
    expect(seen).toHaveLength(4)
  })

  test("gives the authorizer a REQUEST event", async () => {
    await post()
    expect(asked[0]).toMatchObject({
      type: "REQUEST",
      methodArn: "arn:aws:execute-api:us-east-1:000000000000:sandbox000/sandbox/POST/api/smc_1/test",
      resource: "/api/{id}/test",
      pathParameters: { id: "smc_1" },
      requestContext: { stage: "sandbox" },
    })
  })

  test.each([
    ["denies", policy("Deny", "*")],
    ["allows something else", policy("Allow", "arn:aws:execute-api:*:*:*/sandbox/GET/*")],
    ["allows nothing", { Version: "2012-10-17", Statement: [] }],
    [
      "allows and denies",
      {
        Version: "2012-10-17",
        Statement: [...policy("Allow", "*").Statement, ...policy("Deny", "*/POST/*").Statement],
      },
    ],
  ])("is shut where the policy %s", async (_, policyDocument) => {
    authorize = () => ({ principalId: "alice", policyDocument })
    expect(await outcome(await post())).toEqual([403, "AUTHORIZATION"])
    expect(seen).toEqual([])
  })

  test("opens where the policy allows exactly this", async () => {
    authorize = (event) => ({ principalId: "a", policyDocument: policy("Allow", [event.methodArn]) })
    expect((await post()).status).toBe(200)
  })

  test("is a 401 where the authorizer says Unauthorized, and that is not remembered", async () => {
    authorize = () => Promise.reject(new Error("Unauthorized"))
    expect(await outcome(await post())).toEqual([401, "AUTHENTICATION"])
    authorize = allowAll
    expect((await post()).status).toBe(200)
  })

  test("is a 500 where the authorizer fails or answers what API Gateway cannot read", async () => {
    authorize = () => Promise.reject(new Error("boom"))
    expect(await outcome(await post())).toEqual([500, "INTERNAL"])
    authorize = () => ({ ...allowAll(), context: { projectIds: ["p1"] } })
    expect(await outcome(await post())).toEqual([500, "INTERNAL"])
  })

  test("refuses what is larger than API Gateway or Lambda takes", async () => {
    for (const size of [10 * 1024 * 1024 + 1, 6 * 1024 * 1024])
      expect(await outcome(await post("/api/x/test", {}, "x".repeat(size)))).toEqual([
        413,
        "PAYLOAD_TOO_LARGE",
      ])
    expect(seen).toEqual([])
  })
})

describe("browsers", () => {
  test("may call from the console's pages, with the headers named", async () => {
    const preflight = await fetch(`${gateway.url}/api/x/test`, {
      method: "OPTIONS",
      headers: { origin: consoleOrigin, "access-control-request-method": "POST" },
    })
    expect(preflight.status).toBe(204)
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      "access-control-allow-origin": consoleOrigin,
      "access-control-allow-headers": "authorization,content-type,if-match",
      "access-control-expose-headers": "etag,x-request-id,retry-after",
    })
    const refused = await fetch(`${gateway.url}/nowhere`, { headers: { origin: consoleOrigin } })
    expect(refused.headers.get("access-control-allow-origin")).toBe(consoleOrigin)
  })

  test("may not call from any other page", async () => {
    for (const origin of ["http://evil.example", "http://127.0.0.1:1", "null"])
      expect((await post("/api/x/test", { origin })).status).toBe(403)
    expect([seen, asked]).toEqual([[], []])
  })
})

test("requests are counted by operation", async () => {
  gateway.requests.reset()
  await post()
  await post("/nowhere")
  expect(gateway.requests.all()).toEqual({ toy: 1, none: 1 })
})
