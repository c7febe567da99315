import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { operations } from "../../core/contract/operations/index.ts"
import { fillPath, routes } from "../../core/contract/routes.ts"
import {
  type Answer,
  admin,
  type Caller,
  connect,
  type SandboxApi,
  service,
  startSandboxApi,
} from "../support/sandbox-api.ts"

let api: SandboxApi
let ada: Caller
let id: string

beforeAll(async () => {
  api = await startSandboxApi()
  ada = api.as(admin("acme"))
  id = await connect(ada, api.vault)
})

afterAll(() => api.close())

const notFound = {
  status: 404,
  body: {
    type: "https://latchkey.dev/problems/entity-not-found",
    title: expect.any(String),
    status: 404,
    detail: expect.any(String),
    code: "ENTITY_NOT_FOUND",
    requestId: expect.any(String),
    params: { message: expect.any(String) },
    hint: expect.any(String),
  },
}

/** One answer of each kind that there is: given, empty, refused by the function, by the authorizer, by the gateway. */
async function everyKindOfAnswer(): Promise<Answer[]> {
  return Promise.all([
    ada.get("/providers"),
    ada.delete(`/cache?connectionId=${id}`),
    ada.post("/test", "{"),
    ada.get("/smc_gone"),
    api.as().get("/providers"),
    api.withToken("nonsense").get("/providers"),
    api.as(service("acme")).post("", {}),
    ada.get("/no/such/route"),
    ada.call("PUT", `/${id}`, {}),
    api.as().get("/openapi.json"),
    ada.call("OPTIONS", "/providers"),
  ])
}

describe("every answer", () => {
  test("is kept by nobody, guessed at by nobody, and named by us alone", async () => {
    const answers = await everyKindOfAnswer()
    expect(answers.map(({ status }) => status)).toEqual([
      200, 204, 400, 404, 401, 401, 403, 404, 404, 200, 204,
    ])
    for (const { headers } of answers) {
      expect(headers.get("cache-control")).toBe("no-store")
      expect(headers.get("x-content-type-options")).toBe("nosniff")
      expect(headers.get("content-security-policy")).toBe("default-src 'none'; frame-ancestors 'none'")
      expect(headers.get("referrer-policy")).toBe("no-referrer")
      expect(headers.get("strict-transport-security")).toMatch(/^max-age=\d{8}/)
      expect(headers.get("x-request-id")).toMatch(/^[\w-]{20,}$/)
      expect(headers.get("access-control-allow-origin")).toBeNull()
      expect(headers.get("server")).toBeNull()
      expect(headers.get("x-powered-by")).toBeNull()
    }
    const requestIds = answers.map(({ headers }) => headers.get("x-request-id"))
    expect(new Set(requestIds).size).toBe(answers.length)
  })

  test("does not take the caller's word for its own name", async () => {
    for (const path of ["/providers", "/no/such/route"]) {
      const { headers } = await ada.call("GET", path, undefined, { "x-request-id": "mine" })
      expect(headers.get("x-request-id")).not.toBe("mine")
    }
  })

  test("that is a problem says what it is, what to do, and which request it was", async () => {
    const problems = (await everyKindOfAnswer()).filter(({ status }) => status >= 400)
    for (const { headers, body, status } of problems) {
      expect(headers.get("content-type")).toBe("application/problem+json")
      expect(body).toMatchObject({
        type: expect.stringMatching(/^https:\/\/latchkey\.dev\/problems\/[a-z-]+$/),
        title: expect.any(String),
        status,
        code: expect.stringMatching(/^[A-Z_]+$/),
        hint: expect.any(String),
        requestId: headers.get("x-request-id"),
        params: { message: body.detail },
      })
    }
  })

  test("to an unknown route says so, and nothing of connections", async () => {
    const { body } = await ada.get("/no/such/route")
    expect(body).toMatchObject({ code: "ENTITY_NOT_FOUND", detail: "There is no such route." })
    expect(body.hint).toContain("/openapi.json")
    expect((await ada.get("/smc_gone")).body.hint).toContain("Check the id")
  })

  test("that has a body is JSON of the length it says", async () => {
    for (const { headers, text, status } of await everyKindOfAnswer())
      if (status === 204) expect([text, headers.get("content-type")]).toEqual(["", null])
      else {
        expect(headers.get("content-type")).toMatch(/^application\/(problem\+)?json$/)
        expect(headers.get("content-length")).toBe(String(Buffer.byteLength(text)))
        expect(() => JSON.parse(text)).not.toThrow()
      }
  })
})

describe("routes", () => {
  test("may end in a slash", async () => {
    for (const path of ["", "/", "/providers", "/providers/", `/${id}`, `/${id}/`])
      expect([path, (await ada.get(path)).status]).toEqual([path, 200])
    expect((await ada.delete(`/cache/?connectionId=${id}`)).status).toBe(204)
    expect((await ada.get("/providers//")).status).toBe(404)
  })

  test.for(routes.map(({ method, path }) => [method, path] as const))(
    "%s %s is there",
    async ([method, path]) => {
      const answer = await api.as().call(method, fillPath(path, { platformId: "acme", id: "smc_x" }))
      expect(answer.status).toBe(path === "/openapi.json" ? 200 : 401)
    },
  )

  test("that are not there are a problem, for whoever asks", async () => {
    for (const caller of [ada, api.as()])
      for (const path of ["/a/b/c", `/${id}/nothing`, "/openapi.json/x", `/${id}/test/again`])
        expect(await caller.get(path)).toMatchObject(notFound)
    const root = new URL(api.sandbox.api).origin
    for (const path of [
      "/",
      "/api/v1",
      "/api/v1/secret-managersx",
      "/api/v2/secret-managers",
      "/favicon.ico",
    ]) {
      const response = await fetch(root + path)
      expect({ status: response.status, body: await response.json() }).toMatchObject(notFound)
    }
  })

  test("are not there by other methods, and their words are no ids", async () => {
    for (const [method, path] of [
      ["PUT", `/${id}`],
      ["DELETE", ""],
      ["GET", "/cache"],
      ["GET", "/resolve"],
      ["DELETE", "/resolve"],
      ["PATCH", "/test"],
      ["POST", "/openapi.json"],
      ["HEAD", "/providers"],
    ] as const)
      expect([method, path, (await ada.call(method, path)).status]).toEqual([method, path, 404])
    expect((await ada.get(`/${id}`)).status).toBe(200)
  })

  test("know ids by their letters, however they are written", async () => {
    expect((await ada.get(`/${encodeURIComponent(id)}`)).status).toBe(200)
    expect((await ada.get(`/${id.replace("smc", "%73mc")}`)).status).toBe(200)
    for (const [path, status] of [
      ["/%2e%2e", 404],
      ["/a%2Fb", 400],
      ["/%00", 400],
      ["/%E0%A4%A", 404],
      [`/${"x".repeat(65)}`, 400],
      ["/id%20with%20spaces", 400],
      ["/%C3%BC", 400],
    ] as const)
      expect([path, (await ada.get(path)).status]).toEqual([path, status])
  })
})

describe("the authorization header", () => {
  test("is a bearer token, by whatever case", async () => {
    const { admin: token } = api.sandbox.tokens
    for (const scheme of ["Bearer", "bearer", "BEARER"]) {
      const { status } = await api.as().call("GET", "", undefined, { authorization: `${scheme} ${token}` })
      expect([scheme, status]).toEqual([scheme, 200])
    }
    for (const value of [
      token,
      `Basic ${token}`,
      "Bearer",
      "Bearer ",
      `Bearer ${token} ${token}`,
      `Bearer ${token},x`,
    ]) {
      const { status, body } = await api.as().call("GET", "", undefined, { authorization: value })
      expect([status, body.code]).toEqual([401, "AUTHENTICATION"])
    }
  })
})

describe("the document", () => {
  test("is public, the one in docs, and has every operation", async () => {
    const { status, body } = await api.as().get("/openapi.json")
    expect(status).toBe(200)
    expect(body).toEqual(
      JSON.parse(readFileSync(join(import.meta.dirname, "../../docs/openapi.json"), "utf8")),
    )
    const ids = Object.values(body.paths ?? {}).flatMap((path) =>
      Object.values(path ?? {}).map((operation) => operation?.operationId),
    )
    expect(ids).toEqual(expect.arrayContaining(Object.keys(operations)))
  })

  test("lists the providers that a console builds its forms from", async () => {
    const { body } = await ada.get("/providers")
    expect(body.data).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          id: "hashicorp",
          fields: expect.arrayContaining([expect.objectContaining({ name: "secretId", type: "password" })]),
        }),
      ]),
    )
  })
})
