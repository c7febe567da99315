import { readFileSync } from "node:fs"
import { join } from "node:path"
import { exportJWK, generateKeyPair, importJWK, type JWTPayload, SignJWT } from "jose"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { Kind } from "../../core/auth/principal.ts"
import type { Operation } from "../../core/contract/operation.ts"
import { operations } from "../../core/contract/operations/index.ts"
import { fillPath, type OperationId } from "../../core/contract/routes.ts"
import { sandboxAudience, sandboxIssuer, type TokenClaims } from "../../local/identity.ts"
import {
  type Answer,
  admin,
  type Body,
  type Caller,
  connect,
  member,
  type SandboxApi,
  service,
  startSandboxApi,
} from "../support/sandbox-api.ts"

/**
 * Every operation of the contract against everyone who should not reach a connection: one of platform `acme` that only
 * project `p1` may use. What is asked and expected follows from the contract, so that an operation that comes is covered.
 */
const jewels = { name: "Crown jewels", path: "secret/data/app/jewels", value: "the-crown-jewels" }

let api: SandboxApi
let id: string
let before: Body
/** Of the same form, and nobody's. */
const missing = `smc_${"m".repeat(21)}`
/** An AppRole of the strangers' own, so that what they send themselves cannot be taken for a leak. */
let ownConfig: object

beforeAll(async () => {
  api = await startSandboxApi()
  await api.vault.admin.put(jewels.path, { key: jewels.value })
  ownConfig = {
    url: api.vault.url,
    ...(await api.vault.admin.createRole("stranger", { token_policies: "default" })),
  }
  const shared = { name: jewels.name, scope: "PROJECT", projectIds: ["p1"] }
  id = await connect(api.as(admin("acme")), api.vault, shared)
  // Strangers have a platform of their own: what they may not reach must not hide behind what they do not have.
  await connect(api.as(admin("evil")), api.vault, { config: ownConfig })
  await resolveJewels()
  before = (await api.as(admin("acme")).get(`/${id}`)).body
})

afterAll(() => api.close())

/** As those who may. */
async function resolveJewels(): Promise<Body> {
  const value = `{{secret://${id}/${jewels.path}/key}}`
  return (await api.as(service("acme", ["p1"])).post("/resolve", { value, projectId: "p1" })).body
}

interface Stranger {
  kind: Kind
  claims: TokenClaims
  /** The project that they name where an operation takes one. */
  names?: string
  /** Whether they may name that, or none. */
  mayName: boolean
}

const strangers: Record<string, Stranger> = {
  "another platform's admin": { kind: "admin", claims: admin("evil"), names: "p1", mayName: true },
  "another platform's service": { kind: "service", claims: service("evil"), names: "p1", mayName: true },
  "another platform's service for p1": {
    kind: "service",
    claims: service("evil", ["p1"]),
    names: "p1",
    mayName: true,
  },
  "another platform's member of p1": {
    kind: "member",
    claims: member("evil", "p1"),
    names: "p1",
    mayName: true,
  },
  "a member of p2 who names p1": {
    kind: "member",
    claims: member("acme", "p2"),
    names: "p1",
    mayName: false,
  },
  "a member of p2 who names p2": { kind: "member", claims: member("acme", "p2"), names: "p2", mayName: true },
  "a member of p1 who names none": { kind: "member", claims: member("acme", "p1"), mayName: false },
  "a member of no project": { kind: "member", claims: member("acme"), names: "p1", mayName: false },
  "a service for p2 that names p1": {
    kind: "service",
    claims: service("acme", ["p2"]),
    names: "p1",
    mayName: false,
  },
  "a service for p2 that names p2": {
    kind: "service",
    claims: service("acme", ["p2"]),
    names: "p2",
    mayName: true,
  },
  "a service for p2 that names none": { kind: "service", claims: service("acme", ["p2"]), mayName: true },
}

interface Request {
  method: string
  path: string
  body?: object
}

/** What an operation is asked with where the contract's shape alone does not say it. */
const bodies: { [Id in OperationId]?: (id: string) => object } = {
  createConnection: () => ({ providerId: "hashicorp", name: "x", scope: "PLATFORM", config: ownConfig }),
  updateConnection: () => ({ name: "Taken" }),
  testUnsaved: () => ({ providerId: "hashicorp", config: ownConfig }),
  resolve: (id) => ({ value: `{{secret://${id}/${jewels.path}/key}}` }),
  validate: (id) => ({ value: `{{secret://${id}/${jewels.path}/key}}` }),
}

/** Those that lead to a connection which is not in their path. */
const namesIt = new Set<string>(["clearCache", "resolve"])

const everyOperation = Object.values(operations) as Operation[]
const fieldsOf = (schema: unknown): object => (schema as { shape?: object } | undefined)?.shape ?? {}
const takesProject = ({ query, body }: Operation) =>
  "projectId" in fieldsOf(query?.()) || "projectId" in fieldsOf(body?.())

function requestOf(operation: Operation, id: string, projectId?: string): Request {
  const { method, path, query, body } = operation
  const inQuery = {
    ...("connectionId" in fieldsOf(query?.()) && { connectionId: id }),
    ...(projectId && "projectId" in fieldsOf(query?.()) && { projectId }),
  }
  const inBody = {
    ...bodies[operation.id as OperationId]?.(id),
    ...(projectId && "projectId" in fieldsOf(body?.()) && { projectId }),
  }
  const search = new URLSearchParams(inQuery).toString()
  return {
    method,
    path: fillPath(path, { id, platformId: "acme" }) + (search && `?${search}`),
    ...(body && { body: inBody }),
  }
}

const send = (caller: Caller, { method, path, body }: Request) => caller.call(method, path, body)

function expectedStatus(operation: Operation, { kind, mayName }: Stranger): number {
  const { who, path, status } = operation
  if (who === "public") return path.includes("{") ? 401 : status
  if (!who.includes(kind)) return 403
  if (takesProject(operation) && !mayName) return 403
  if (namesIt.has(operation.id) || path.includes("{id}")) return 404
  return status
}

/** An answer without what differs from request to request. */
const shapeOf = ({ status, headers, text }: Answer, id: string) => ({
  status,
  headers: [...headers.keys()],
  text: text
    .replaceAll(id, "<id>")
    .replaceAll(/req_[\w-]{21}/g, "<request>")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>")
    .replaceAll(/smc_[\w-]{21}/g, "<new id>")
    .replaceAll(/"latencyMs":[\d.]+/g, '"latencyMs":0')
    .replaceAll(/"(next|previous)":"[^"]+"/g, '"$1":"<cursor>"'),
})

describe.for(Object.entries(strangers))("%s", ([, stranger]) => {
  test.for(everyOperation.map((operation) => [operation.id, operation] as const))(
    "learns nothing by %s, not even that the connection exists",
    async ([, operation]) => {
      const caller = api.as(stranger.claims)
      const asked = await send(caller, requestOf(operation, id, stranger.names))
      const control = await send(caller, requestOf(operation, missing, stranger.names))
      expect(asked.status).toBe(expectedStatus(operation, stranger))
      expect(shapeOf(asked, id)).toEqual(shapeOf(control, missing))
      for (const secret of [jewels.name, jewels.value, api.vault.config.roleId, api.vault.config.secretId])
        expect(asked.text).not.toContain(secret)
      if (operation.id === "listConnections") expect(asked.text).not.toContain(id)
      if (operation.id === "validate" && asked.status === 200)
        expect(asked.body.references).toMatchObject([
          { status: "failed", error: { code: "ENTITY_NOT_FOUND" } },
        ])
    },
  )
})

test("whatever they asked for, the connection and its cache are as they were", async () => {
  expect((await api.as(admin("acme")).get(`/${id}`)).body).toEqual(before)
  expect(await resolveJewels()).toMatchObject({ value: jewels.value, references: [{ source: "memory" }] })
})

describe("those who may", () => {
  test("reach the connection by the same requests", async () => {
    const statuses: Record<string, number> = {}
    const callers = { admin: admin("acme"), service: service("acme", ["p1"]), member: member("acme", "p1") }
    for (const operation of everyOperation.filter(({ id }) => id !== "deleteConnection")) {
      const kind = operation.who === "public" ? "member" : operation.who[0]
      if (kind === undefined) throw new Error(`${operation.id} is open to nobody.`)
      const { status } = await send(api.as(callers[kind]), requestOf(operation, id, "p1"))
      statuses[operation.id] = status
    }
    const expected = everyOperation
      .filter(({ id }) => id !== "deleteConnection")
      .map(({ id, who, path, status }) => [id, who === "public" && path.includes("{") ? 401 : status])
    expect(statuses).toEqual(Object.fromEntries(expected))
  })

  test("as a service for some projects clear only project-scoped connections of theirs", async () => {
    const flows = api.as(service("acme", ["p1"]))
    const shared = await connect(api.as(admin("acme")), api.vault)
    expect((await flows.delete(`/cache?connectionId=${id}`)).status).toBe(204)
    expect((await flows.delete(`/cache?connectionId=${shared}`)).status).toBe(403)
    expect((await flows.delete("/cache")).status).toBe(403)
    expect((await api.as(service("acme")).delete("/cache")).status).toBe(204)
  })
})

describe("a token", () => {
  const claims = { platformId: "acme", role: "ADMIN", type: "USER" }

  /** As the sandbox signs it, with what is changed. */
  async function forged(change: {
    payload?: JWTPayload
    header?: object
    otherKey?: boolean
    audience?: string
    issuer?: string
  }): Promise<string> {
    const own = JSON.parse(readFileSync(join(api.dataDir, "identity.json"), "utf8"))
    const other = await generateKeyPair("ES256", { extractable: true })
    const key = change.otherKey ? other.privateKey : await importJWK(own, "ES256")
    return new SignJWT({ ...claims, sub: "ada", exp: now() + 3600, ...change.payload })
      .setProtectedHeader({ alg: "ES256", typ: "JWT", kid: own.kid, ...change.header })
      .setIssuer(change.issuer ?? sandboxIssuer)
      .setAudience(change.audience ?? sandboxAudience)
      .sign(key)
  }

  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url")
  const now = () => Math.floor(Date.now() / 1000)

  const bad: Record<string, () => Promise<string> | string> = {
    "that has expired": () => forged({ payload: { exp: now() - 60 } }),
    "that is not valid yet": () => forged({ payload: { nbf: now() + 600 } }),
    "without an end": () => forged({ payload: { exp: undefined as unknown as number } }),
    "signed by another key": () => forged({ otherKey: true }),
    "that brings its own key": async () =>
      forged({
        otherKey: true,
        header: { jwk: await exportJWK((await generateKeyPair("ES256")).publicKey) },
      }),
    "for another audience": () => forged({ audience: "another" }),
    "of another issuer": () => forged({ issuer: "https://another.example" }),
    "without a signature": () =>
      `${encode({ alg: "none", typ: "JWT" })}.${encode({ ...claims, sub: "ada", iss: sandboxIssuer, aud: sandboxAudience, exp: now() + 3600 })}.`,
    "changed after it was signed": async () => {
      const [header, , signature] = (await forged({})).split(".")
      return `${header}.${encode({ ...claims, platformId: "evil", sub: "ada", iss: sandboxIssuer, aud: sandboxAudience, exp: now() + 3600 })}.${signature}`
    },
    "for no platform": () => forged({ payload: { platformId: undefined } }),
    "for a platform that climbs": () => forged({ payload: { platformId: "../acme" } }),
    "with an unknown role": () => forged({ payload: { role: "OWNER" } }),
    "with projects that are no list": () => forged({ payload: { projectIds: "p1" } }),
  }

  test("as the sandbox signs it opens the door", async () => {
    expect((await api.withToken(await forged({})).get("")).status).toBe(200)
  })

  test.for<[string, () => Promise<string> | string | undefined]>([
    ["that is missing", () => undefined],
    ...Object.entries(bad),
  ])("%s opens nothing but the document", async ([, make]) => {
    const token = await make()
    const caller = token === undefined ? api.as() : api.withToken(token)
    for (const operation of everyOperation) {
      const { status, body } = await send(caller, requestOf(operation, id, "p1"))
      const open = operation.who === "public" && !operation.path.includes("{")
      expect([operation.id, status, body.code]).toEqual([
        operation.id,
        open ? 200 : 401,
        open ? undefined : "AUTHENTICATION",
      ])
    }
  })
})
