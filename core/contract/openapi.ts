import { type Code, LatchkeyError, statusOf } from "../errors.ts"
import { type JsonSchema, type Schemas, schemasOf } from "./openapi-schemas.ts"
import { basePath, commonErrors, type Operation, type Route } from "./operation.ts"
import { problemTexts, toProblem } from "./problems.ts"
import { parameterNames } from "./routes.ts"

export interface OpenApiDocument {
  openapi: "3.1.1"
  info: JsonSchema
  paths: Record<string, Record<string, JsonSchema>>
  components: Shared & { schemas: Record<string, JsonSchema>; securitySchemes: JsonSchema }
  [member: string]: unknown
}

/**
 * The OpenAPI 3.1 document of the operations given. Schemas that carry an id become components; what clients send is
 * described as they write it, what they get as it is sent.
 */
export function openApi(operations: readonly Operation[]): OpenApiDocument {
  const schemas = schemasOf(operations)
  const shared: Shared = { responses: {}, examples: {} }
  const paths: OpenApiDocument["paths"] = {}
  const add = (route: Route, described: JsonSchema) => {
    const path = basePath + route.path
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: described }
  }
  for (const operation of operations) {
    const described = describeOperation(operation, schemas, shared)
    add(operation, described)
    for (const alias of operation.aliases ?? [])
      add(alias, {
        ...described,
        operationId: `${operation.id}By${capitalized(alias.method.toLowerCase())}`,
        summary: `${operation.summary} (kept for existing clients)`,
        deprecated: true,
      })
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Latchkey",
      // Of the contract, as in the base path; releases are numbered apart.
      version: "1.0.0",
      summary: "Store references, resolve live values from the secret managers you already have.",
      description:
        "Every response carries `x-request-id` and `cache-control: no-store`. Errors are problem documents (RFC 9457) with a closed set of codes. Paths work with and without a trailing slash.",
      license: { name: "MIT", identifier: "MIT" },
    },
    jsonSchemaDialect: "https://json-schema.org/draft/2020-12/schema",
    servers: [{ url: "/" }],
    security: [{ bearer: [] }],
    paths,
    components: {
      schemas: schemas.components,
      ...shared,
      securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
    },
  }
}

/** Components that operations fill as they are described. */
interface Shared {
  responses: Record<string, JsonSchema>
  examples: Record<string, JsonSchema>
}

function describeOperation(operation: Operation, schemas: Schemas, shared: Shared): JsonSchema {
  const { id, summary, description, who } = operation
  const body = schemas.body[id]
  const parameters = [
    ...inPath(operation, schemas.params[id]),
    ...inQuery(schemas.query[id]),
    ...(operation.ifMatch ? [ifMatch] : []),
    ...(operation.signature ? [signature] : []),
  ]
  return {
    operationId: id,
    summary,
    description: [description, `Open to: ${openTo(who)}.`].filter(Boolean).join("\n\n"),
    ...(who === "public" && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: { required: true, content: { "application/json": { schema: body } } } }),
    responses: { [operation.status]: success(operation, schemas.reply[id]), ...failures(operation, shared) },
  }
}

function openTo(who: Operation["who"]): string {
  if (who === "public") return "anyone, without a token"
  return who.map((kind) => `${kind}s`).join(", ")
}

function inPath(route: Route, schema: JsonSchema | undefined): JsonSchema[] {
  const properties = (schema?.properties ?? {}) as Record<string, JsonSchema>
  return parameterNames(route.path).map((name) => ({
    name,
    in: "path",
    required: true,
    schema: properties[name] ?? { type: "string" },
  }))
}

function inQuery(schema: JsonSchema | undefined): JsonSchema[] {
  const properties = (schema?.properties ?? {}) as Record<string, JsonSchema>
  const required = (schema?.required ?? []) as string[]
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema: property,
  }))
}

const ifMatch: JsonSchema = {
  name: "If-Match",
  in: "header",
  required: false,
  description: "The version that the update is meant for; where it differs, 412 and nothing changes.",
  schema: { type: "string", pattern: '^(?:"\\d+"|\\d+)$', examples: ['"7"'] },
}

const signature: JsonSchema = {
  name: "latchkey-signature",
  in: "header",
  required: true,
  description:
    "`t=<unix seconds>,v1=<hex>`: the HMAC-SHA256, keyed with the webhook's secret, of `v1`, the platform's id, the connection's id and the time, each with a line feed behind it, and the body as it is sent. Five minutes each way.",
  schema: { type: "string", pattern: "^t=\\d{1,12},v1=[0-9a-fA-F]{64}$" },
}

const requestIdHeader = { description: "Names the request; always ours.", schema: { type: "string" } }
const etagHeader = { description: "The connection's version.", schema: { type: "string", examples: ['"7"'] } }
const retryAfterHeader = { description: "Seconds to wait.", schema: { type: "integer" } }

function success(operation: Operation, schema: JsonSchema | undefined): JsonSchema {
  return {
    description: operation.summary,
    headers: { "x-request-id": requestIdHeader, ...(operation.etag && { etag: etagHeader }) },
    ...(schema && { content: { "application/json": { schema } } }),
  }
}

/** One response for each status that the operation's codes have; operations that share codes share the response. */
function failures(operation: Operation, shared: Shared): Record<string, JsonSchema> {
  const common = commonErrors.filter(
    (code) => operation.who !== "public" || (code !== "AUTHENTICATION" && code !== "AUTHORIZATION"),
  )
  const codes = new Set<Code>([...common, ...operation.errors])
  const byStatus = Map.groupBy(codes, (code) => statusOf[code])
  return Object.fromEntries(
    [...byStatus].map(([status, sharing]) => {
      const name = sharing.join(".")
      shared.responses[name] ??= failure(status, sharing)
      for (const code of sharing) shared.examples[code] ??= { value: exampleOf(code) }
      return [status, { $ref: `#/components/responses/${name}` }]
    }),
  )
}

function failure(status: number, codes: readonly Code[]): JsonSchema {
  return {
    description: codes.map((code) => `\`${code}\`: ${problemTexts[code].when}`).join("\n\n"),
    headers: {
      "x-request-id": requestIdHeader,
      ...(status === 429 && { "retry-after": retryAfterHeader }),
    },
    content: {
      "application/problem+json": {
        schema: { $ref: "#/components/schemas/Problem" },
        examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
      },
    },
  }
}

function exampleOf(code: Code) {
  return toProblem(new LatchkeyError(code, problemTexts[code].when), "req_V1StGXR8_Z5jdHi6B-myT")
}

const capitalized = (word: string) => word.charAt(0).toUpperCase() + word.slice(1)
