import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from "vitest"
import {
  type Client,
  type Connection,
  createClient,
  LatchkeyProblem,
  type MemberConnection,
  type Resolution,
  UnexpectedReply,
} from "../../core/client/index.ts"
import { basePath } from "../../core/contract/operation.ts"
import { toProblem } from "../../core/contract/problems.ts"
import { LatchkeyError } from "../../core/errors.ts"

const id = "smc_V1StGXR8_Z5jdHi6B-myT"

interface Seen {
  line: string
  headers: IncomingMessage["headers"]
  body: string
}
type Answer = { status: number; body?: unknown; headers?: Record<string, string> }

let seen: Seen[]
let answer: (request: Seen) => Answer | Promise<Answer>
let baseUrl: string
let client: Client
let close: () => Promise<unknown>

beforeEach(async () => {
  seen = []
  answer = () => ({ status: 200, body: {} })
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString()
    const one = {
      line: `${request.method} ${request.url?.replace(basePath, "")}`,
      headers: request.headers,
      body,
    }
    seen.push(one)
    const { status, body: reply, headers } = await answer(one)
    response.writeHead(status, headers)
    response.end(typeof reply === "string" ? reply : reply === undefined ? undefined : JSON.stringify(reply))
  })
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  client = createClient({ baseUrl, token: "jwt" })
  close = () => {
    server.closeAllConnections()
    return new Promise((closed) => server.close(closed))
  }
})

afterEach(() => close())

describe("a call", () => {
  test.each<[string, () => Promise<unknown>, string, unknown]>([
    ["listProviders", () => client.listProviders(), "GET /providers", undefined],
    ["listConnections", () => client.listConnections(), "GET ", undefined],
    [
      "listConnections with a query",
      () => client.listConnections({ projectId: "a b&c", limit: 10, cursor: undefined }),
      "GET ?projectId=a+b%26c&limit=10",
      undefined,
    ],
    [
      "getConnection",
      () => client.getConnection({ id, projectId: "p" }),
      `GET /${id}?projectId=p`,
      undefined,
    ],
    [
      "createConnection",
      () =>
        client.createConnection({ providerId: "aws", name: "n", scope: "PLATFORM", config: { region: "r" } }),
      "POST ",
      { providerId: "aws", name: "n", scope: "PLATFORM", config: { region: "r" } },
    ],
    ["updateConnection", () => client.updateConnection({ id, name: "n" }), `PATCH /${id}`, { name: "n" }],
    ["testConnection", () => client.testConnection({ id }), `POST /${id}/test`, undefined],
    [
      "testUnsaved",
      () => client.testUnsaved({ providerId: "aws", config: {} }),
      "POST /test",
      { providerId: "aws", config: {} },
    ],
    ["clearCache of everything", () => client.clearCache(), "DELETE /cache", undefined],
    [
      "clearCache",
      () => client.clearCache({ connectionId: id }),
      `DELETE /cache?connectionId=${id}`,
      undefined,
    ],
    ["resolve", () => client.resolve({ value: { a: [1] } }), "POST /resolve", { value: { a: [1] } }],
    ["validate", () => client.validate({ value: null }), "POST /validate", { value: null }],
  ])("%s sends each field where it belongs", async (_, call, line, body) => {
    await call()

    expect(seen[0]?.line).toBe(line)
    expect(seen[0]?.headers.authorization).toBe("Bearer jwt")
    expect(seen[0]?.body && JSON.parse(seen[0].body)).toEqual(body ?? "")
    expect(seen[0]?.headers["content-type"]).toBe(body && "application/json")
  })

  test("takes an address with the base path and with slashes at its end alike", async () => {
    for (const suffix of ["/", basePath, `${basePath}/`])
      await createClient({ baseUrl: baseUrl + suffix, token: "jwt" }).listProviders()

    expect(seen.map(({ line }) => line)).toEqual(Array(3).fill("GET /providers"))
  })

  test("asks for a token each time, and for none where none is needed", async () => {
    const tokens = ["one", "two\n"]
    const asking = createClient({ baseUrl, token: async () => tokens.shift() ?? "" })
    await asking.listProviders()
    await asking.listProviders()
    await asking.document()

    expect(seen.map(({ headers }) => headers.authorization)).toEqual(["Bearer one", "Bearer two", undefined])
  })

  test("guards an update by the version that it is meant for", async () => {
    await client.updateConnection({ id, name: "n" }, { ifMatch: 7 })

    expect(seen[0]?.headers["if-match"]).toBe('"7"')
  })

  test("gives what was answered, and nothing for 204", async () => {
    answer = ({ line }) =>
      line.startsWith("DELETE") ? { status: 204 } : { status: 200, body: { value: "x", references: [] } }

    expect(await client.resolve({ value: "x" })).toEqual({ value: "x", references: [] })
    expect(await client.deleteConnection({ id })).toBeUndefined()
  })

  test.each(["", ".", "..", "cache"])("never becomes another one through the id %j", async (odd) => {
    await expect(client.deleteConnection({ id: odd })).rejects.toThrow(TypeError)

    expect(seen).toEqual([])
  })

  test("keeps an id with slashes in its place", async () => {
    await client.getConnection({ id: "../cache?x=1" })

    expect(seen[0]?.line).toBe("GET /..%2Fcache%3Fx%3D1")
  })

  test("stops as soon as its signal aborts, with the signal's reason", async () => {
    const stop = new AbortController()
    const reason = new Error("enough")
    answer = () => {
      stop.abort(reason)
      return new Promise(() => {})
    }

    await expect(client.resolve({ value: 1 }, { signal: stop.signal })).rejects.toBe(reason)
  })

  test("is sent once, whatever comes back", async () => {
    answer = () => ({ status: 503, body: toProblem(new LatchkeyError("UNAVAILABLE", "down"), "r") })
    await client.resolve({ value: 1 }).catch(() => {})

    expect(seen).toHaveLength(1)
  })

  test("does not follow a redirect with the token or the body", async () => {
    answer = () => ({ status: 307, headers: { location: `${baseUrl}/elsewhere` } })

    await expect(client.resolve({ value: 1 })).rejects.toThrow()
    expect(seen).toHaveLength(1)
  })
})

describe("a failure", () => {
  test("is thrown as a problem, with everything that was told about it", async () => {
    const problem = toProblem(
      new LatchkeyError("SECRET_MANAGER_GET_SECRET_FAILED", "No such key.", {
        reason: "NOT_FOUND",
        pointer: "/a",
      }),
      "req_1",
    )
    answer = () => ({ status: 424, body: problem, headers: { "content-type": "application/problem+json" } })
    const thrown = await client.resolve({ value: 1 }).catch((error: unknown) => error)

    expect(thrown).toBeInstanceOf(LatchkeyProblem)
    expect(thrown).toMatchObject({
      code: "SECRET_MANAGER_GET_SECRET_FAILED",
      status: 424,
      requestId: "req_1",
      message: "No such key.",
      problem,
    })
  })

  test.each([
    ["an error page", { status: 502, body: "<html>canary</html>" }],
    ["JSON that is no problem", { status: 403, body: { message: "canary" } }],
    ["success without JSON", { status: 200, body: "canary" }],
  ])("of another making is not taken for ours: %s", async (_, reply) => {
    answer = () => reply
    const thrown = await client.listProviders().catch((error: unknown) => error)

    expect(thrown).toBeInstanceOf(UnexpectedReply)
    expect(thrown).toHaveProperty("status", reply.status)
    expect(String(thrown)).not.toContain("canary")
  })

  test.each(["", "canary\u00e9", "Bearer canary", "ca\nnary"])(
    "of the token %j does not show it",
    async (token) => {
      const thrown = await createClient({ baseUrl, token })
        .listProviders()
        .catch((error: unknown) => error)

      expect(thrown).toBeInstanceOf(TypeError)
      expect(String(thrown)).not.toMatch(/canary|nary\b/)
      expect(seen).toEqual([])
    },
  )
})

test("all connections come one after the other, page by page", async () => {
  answer = ({ line }) =>
    line.includes("cursor")
      ? { status: 200, body: { data: [{ id: "c" }], next: null, previous: "p" } }
      : { status: 200, body: { data: [{ id: "a" }, { id: "b" }], next: "n", previous: null } }
  const ids: string[] = []
  for await (const { id } of client.connections({ projectId: "p", pageSize: 2 })) ids.push(id)

  expect(ids).toEqual(["a", "b", "c"])
  expect(seen.map(({ line }) => line)).toEqual([
    "GET ?projectId=p&limit=2",
    "GET ?projectId=p&limit=2&cursor=n",
  ])
})

test("the client's types follow the contract", () => {
  expectTypeOf<ReturnType<Client["resolve"]>>().resolves.toEqualTypeOf<Resolution>()
  expectTypeOf<ReturnType<Client["createConnection"]>>().resolves.toEqualTypeOf<Connection>()
  expectTypeOf<ReturnType<Client["getConnection"]>>().resolves.toEqualTypeOf<Connection | MemberConnection>()
  expectTypeOf<ReturnType<Client["deleteConnection"]>>().resolves.toEqualTypeOf<undefined>()
  expectTypeOf<Client["listProviders"]>().toBeCallableWith()
  expectTypeOf<Client["clearCache"]>().toBeCallableWith({ connectionId: undefined })
  expectTypeOf<Client["updateConnection"]>().toBeCallableWith(
    { id, config: { namespace: null } },
    { ifMatch: 1 },
  )
  expectTypeOf<Parameters<Client["resolve"]>[0]["onError"]>().toEqualTypeOf<"fail" | "report" | undefined>()
  const refused = () => [
    // @ts-expect-error a value is required
    client.resolve({ projectId: "p" }),
    // @ts-expect-error there is no such field
    client.resolve({ value: 1, platformId: "p" }),
    // @ts-expect-error there is no such provider
    client.testUnsaved({ providerId: "gcp", config: {} }),
    // @ts-expect-error only an update is guarded
    client.getConnection({ id }, { ifMatch: 1 }),
    // @ts-expect-error it is signed with a secret
    client.rotated({ platformId: "p", id }),
  ]
  expectTypeOf(refused).toBeFunction()
  expectTypeOf<LatchkeyProblem["code"]>().extract<"THROTTLED">().toEqualTypeOf<"THROTTLED">()
})
