import { DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb"
import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { Operation } from "../../core/contract/operation.ts"
import { operations } from "../../core/contract/operations/index.ts"
import { printReference } from "../../core/references/reference.ts"
import { options, trickyText } from "../references/arbitraries.ts"
import {
  admin,
  type Caller,
  connect,
  type SandboxApi,
  service,
  startSandboxApi,
} from "../support/sandbox-api.ts"

let api: SandboxApi
let ada: Caller
let flows: Caller
let id: string

beforeAll(async () => {
  api = await startSandboxApi()
  ada = api.as(admin("acme"))
  flows = api.as(service("acme"))
  id = await connect(ada, api.vault)
  // Whatever is made up, no secret manager is meant to hear of it for long.
  api.vault.faults.clear()
})

afterAll(() => api.close())

const runs = { numRuns: 30 }

/** Everything that is stored of connections, by value. */
async function stored(): Promise<unknown[]> {
  const client = new DynamoDBClient()
  const { Items = [] } = await client.send(
    new ScanCommand({ TableName: "latchkey-connections", ConsistentRead: true }),
  )
  client.destroy()
  return Items
}

/** Whatever comes, the answer is one of ours, soon, and no bug. */
async function holds(
  caller: Caller,
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) {
  const { status, text, headers: answered } = await caller.call(method, path, body, headers)
  expect(status, text).toBeLessThan(500)
  expect(answered.get("x-request-id")).toMatch(/^[\w-]{20,}$/)
  return { status, text }
}

const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  trickyText,
  fc.constantFrom("", null, [], {}, 0, "__proto__"),
)

/** Bodies that are nearly what operations take: known names, with something else in one of them. */
const nearly = fc.record(
  {
    providerId: fc.oneof(fc.constantFrom("hashicorp", "aws", "cyberark-conjur", "onepassword"), anything),
    name: fc.oneof(fc.string(), anything),
    scope: fc.oneof(fc.constantFrom("PLATFORM", "PROJECT"), anything),
    projectIds: fc.oneof(fc.array(fc.string(), { maxLength: 3 }), anything),
    config: fc.oneof(
      fc.record(
        {
          url: fc.oneof(
            fc.webUrl().map(() => "http://127.0.0.1:9"),
            trickyText,
          ),
          roleId: anything,
          secretId: anything,
          token: anything,
          authMethod: anything,
          namespace: trickyText,
          probePath: trickyText,
          caCertificate: trickyText,
        },
        { requiredKeys: [] },
      ),
      anything,
    ),
    settings: fc.oneof(
      fc.record(
        {
          cacheTtlSeconds: anything,
          staleIfErrorSeconds: anything,
          allowedPaths: fc.array(trickyText, { maxLength: 3 }),
        },
        { requiredKeys: [] },
      ),
      anything,
    ),
    value: anything,
    projectId: anything,
    at: fc.oneof(fc.array(trickyText, { maxLength: 3 }), anything),
    onError: anything,
  },
  { requiredKeys: [] },
)

const withBody = (Object.values(operations) as Operation[]).filter(({ body }) => body)

describe("made-up requests", () => {
  test.for(withBody.map((operation) => [operation.id, operation] as const))(
    "to %s are answered, and leave nothing behind",
    async ([, { method, path, who, id: name }]) => {
      const caller = who.includes("admin") ? ada : flows
      const before = await stored()
      // An update of a connection that is not there: of one that is, a made-up name may well be a good one.
      const target = path.replace("{id}", "smc_gone")
      await fc.assert(
        fc.asyncProperty(fc.oneof(nearly, anything), async (body) => {
          await holds(caller, method, target, JSON.stringify(body))
        }),
        runs,
      )
      if (name !== "resolve" && name !== "validate") expect(await stored()).toEqual(before)
    },
  )

  test("that are no JSON are answered", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary" }), async (text) => {
        await holds(flows, "POST", "/resolve", text)
      }),
      runs,
    )
  })

  test("to paths, queries and headers that are made up are answered", async () => {
    const methods = fc.constantFrom("GET", "POST", "PATCH", "DELETE", "PUT")
    const segment = fc.oneof(
      fc.constantFrom(
        "providers",
        "resolve",
        "cache",
        "test",
        "validate",
        "..",
        ".",
        "",
        "%00",
        "%2e%2e",
        "%",
        "openapi.json",
      ),
      fc.string({ unit: "binary" }).map((text) => encodeURIComponent(text.toWellFormed())),
    )
    const query = fc.array(
      fc.tuple(
        fc.oneof(fc.constantFrom("limit", "cursor", "projectId", "connectionId", "__proto__"), fc.string()),
        fc.string({ unit: "binary" }),
      ),
      { maxLength: 3 },
    )
    await fc.assert(
      fc.asyncProperty(
        methods,
        fc.array(segment, { maxLength: 4 }),
        query,
        fc.string(),
        async (method, path, search, match) => {
          const pairs = search.map((pair) =>
            pair.map((text) => encodeURIComponent(text.toWellFormed())).join("="),
          )
          const ifMatch = match.replaceAll(/[^\x20-\x7e]/g, "")
          const target = `/${path.join("/")}${pairs.length > 0 ? `?${pairs.join("&")}` : ""}`
          // Nobody is authorized to clear or change by accident here.
          await holds(api.as(service("fuzz")), method, target, method === "GET" ? undefined : "{}", {
            "if-match": ifMatch,
          })
        },
      ),
      runs,
    )
  })
})

describe("made-up references", () => {
  test("of the connection are resolved or refused, and both with one shape", async () => {
    const path = fc.oneof(
      trickyText,
      fc
        .array(
          fc.oneof(fc.string(), fc.constantFrom("secret", "data", "app", "api_key", "value", "..", "sys")),
          { maxLength: 6 },
        )
        .map((parts) => parts.join("/")),
    )
    await fc.assert(
      fc.asyncProperty(
        path.filter((text) => text !== ""),
        options,
        async (path, options) => {
          const value = printReference({ connectionId: id, path, options })
          const { status, text } = await holds(
            flows,
            "POST",
            "/resolve",
            JSON.stringify({ value, onError: "report" }),
          )
          // 404 is a connection's: that one is there.
          expect([200, 400]).toContain(status)
          if (status === 200) {
            const { value: resolved, references } = JSON.parse(text)
            expect(resolved === null).toBe(references[0].error !== undefined)
          }
        },
      ),
      runs,
    )
  })

  test("and text of all kinds are text, values or an error, in resolve and validate alike", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(trickyText, { maxLength: 4 }), async (parts) => {
        const body = JSON.stringify({ value: parts })
        const resolved = await holds(flows, "POST", "/resolve", body)
        const validated = await holds(flows, "POST", "/validate", body)
        expect(validated.status).toBe(200)
        const { references } = JSON.parse(validated.text)
        const failed = references.some(({ status }: { status: string }) => status === "failed")
        expect(resolved.status === 200).toBe(!failed)
      }),
      runs,
    )
  })
})
