import { readFileSync } from "node:fs"
import { Ajv2020 } from "ajv/dist/2020.js"
import { describe, expect, test } from "vitest"
import { type OpenApiDocument, openApi } from "../../core/contract/openapi.ts"
import { basePath, type Operation } from "../../core/contract/operation.ts"
import { operations } from "../../core/contract/operations/index.ts"
import { newConnectionBody, unsavedConnectionBody } from "../../core/contract/operations/new-connection.ts"
import { toProblem } from "../../core/contract/problems.ts"
import { routes } from "../../core/contract/routes.ts"
import { LatchkeyError } from "../../core/errors.ts"
import { fakeProviders } from "./fake-providers.ts"

const withFakes: Operation[] = Object.values({
  ...operations,
  createConnection: { ...operations.createConnection, body: () => newConnectionBody(fakeProviders) },
  testUnsaved: { ...operations.testUnsaved, body: () => unsavedConnectionBody(fakeProviders) },
})
const document = openApi(withFakes)

type Described = {
  operationId: string
  security?: unknown[]
  parameters?: { name: string; in: string; schema: object }[]
  requestBody?: { content: Record<string, { schema: Record<string, unknown> }> }
  responses: Record<string, { $ref?: string; content?: Record<string, { schema: object }> }>
}

const described = Object.values(document.paths).flatMap((methods) =>
  Object.values(methods),
) as unknown as Described[]

/** A validator that knows the document's components. */
function validator(of: OpenApiDocument) {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema({ $id: "document", components: of.components })
  return (schema: object) =>
    ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"document#/components/')))
}

function referencesIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "$ref" && typeof inner === "string" ? [inner] : referencesIn(inner),
  )
}

function lookUp(reference: string): unknown {
  return reference
    .slice(2)
    .split("/")
    .reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], document)
}

describe("the OpenAPI document", () => {
  test("is the one in docs/openapi.json: if not, run `npm run openapi`", () => {
    const current = JSON.parse(JSON.stringify(openApi(Object.values(operations))))

    expect(JSON.parse(readFileSync("docs/openapi.json", "utf8"))).toEqual(current)
  })

  test("has every route, under names that are all different", () => {
    for (const { method, path } of routes)
      expect(document.paths[basePath + path]).toHaveProperty(method.toLowerCase())
    expect(new Set(described.map(({ operationId }) => operationId)).size).toBe(routes.length)
  })

  test("refers to nothing that is not there", () => {
    const references = referencesIn(document)

    expect(references.length).toBeGreaterThan(20)
    for (const reference of references) expect(lookUp(reference), reference).toBeDefined()
  })

  test("has only schemas that a JSON Schema 2020-12 validator takes", () => {
    const compile = validator(document)
    for (const { parameters = [], requestBody, responses } of described) {
      for (const { schema } of parameters) compile(schema)
      for (const { schema } of Object.values(requestBody?.content ?? {})) compile(schema)
      for (const { content = {} } of Object.values(responses))
        for (const { schema } of Object.values(content)) compile(schema)
    }
    for (const schema of Object.values(document.components.schemas)) compile(schema)
  })

  test("asks for a token everywhere but where anyone may come", () => {
    expect(document.security).toEqual([{ bearer: [] }])
    for (const { operationId, security, responses } of described) {
      const open = operationId === "document"
      const signed = operationId === "rotated"
      expect(security, operationId).toEqual(open || signed ? [] : undefined)
      expect("401" in responses, operationId).toBe(!open)
    }
  })

  test("tells providers apart by providerId", () => {
    const create = described.find(({ operationId }) => operationId === "createConnection")

    expect(create?.requestBody?.content["application/json"]?.schema).toEqual({
      oneOf: [
        { $ref: "#/components/schemas/NewHashicorpConnection" },
        { $ref: "#/components/schemas/NewAwsConnection" },
      ],
      discriminator: {
        propertyName: "providerId",
        mapping: {
          hashicorp: "#/components/schemas/NewHashicorpConnection",
          aws: "#/components/schemas/NewAwsConnection",
        },
      },
    })
  })

  test("accepts what the API accepts, and refuses what it refuses", () => {
    const accepts = validator(document)({
      oneOf: [
        { $ref: "#/components/schemas/NewHashicorpConnection" },
        { $ref: "#/components/schemas/NewAwsConnection" },
      ],
    })
    const body = { providerId: "aws", name: "x", scope: "PLATFORM", config: { region: "r", roleArn: "a" } }

    expect(accepts(body)).toBe(true)
    expect(accepts({ ...body, name: "a\u202eb" })).toBe(false)
    expect(accepts({ ...body, extra: 1 })).toBe(false)
    expect(accepts({ ...body, projectIds: ["p", "p"] })).toBe(false)
  })

  test("shows examples that fit their own schemas", () => {
    const compile = validator(document)
    const isProblem = compile({ $ref: "#/components/schemas/Problem" })
    for (const { value } of Object.values(document.components.examples) as { value: unknown }[])
      expect(isProblem(value)).toBe(true)
    for (const [name, schema] of Object.entries(document.components.schemas))
      for (const example of (schema.examples ?? []) as unknown[])
        expect(compile({ $ref: `#/components/schemas/${name}` })(example), name).toBe(true)
    expect(isProblem(toProblem(new LatchkeyError("THROTTLED", "wait", { retryAfterSeconds: 1 }), "r"))).toBe(
      true,
    )
  })
})
