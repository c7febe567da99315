import { Ajv2020 } from "ajv/dist/2020.js"

/**
 * Conjur's REST API as far as Latchkey and its sandbox speak it, written down from CyberArk's OpenAPI document
 * (github.com/cyberark/conjur-openapi-spec, version 5.3.2) and the pages at docs.conjur.org. What is not in these, and only
 * the server's behaviour tells, is marked.
 */
interface Operation {
  method: string
  /** Each `{name}` is one segment as it is on the wire, encoded. */
  path: string
  segments?: Record<string, object>
  query?: Record<string, object>
  requiredQuery?: string[]
  requestBody?: { type: string; schema: object }
  /** `undefined` for the statuses whose bodies are not described. */
  responses: Record<number, { types: string[]; schema?: object } | undefined>
  /** Whether a token is sent. */
  secured: boolean
  acceptEncoding?: string[]
}

const id = { type: "string", minLength: 1, pattern: "^[^ :]+$" }
const account = id
const kind = { enum: ["variable", "policy", "user", "role", "host", "host_factory", "group", "layer"] }
const role = { type: "string", minLength: 1, pattern: "^[^ ]+$" }
const text = { type: "string" }
const strings = { type: "array", items: text }
const object = { type: "object" }

const token = {
  type: "object",
  required: ["protected", "payload", "signature"],
  additionalProperties: false,
  properties: { protected: text, payload: text, signature: text },
}
const resource = {
  type: "object",
  required: ["id", "owner", "created_at", "permissions", "annotations"],
  properties: {
    created_at: text,
    id: { type: "string", pattern: "^[^:]+:[a-z_]+:.+$" },
    owner: text,
    policy: text,
    permissions: { type: "array", items: { type: "object", required: ["privilege", "role"] } },
    annotations: { type: "array", items: { type: "object", required: ["name", "value"] } },
    secrets: { type: "array", items: { type: "object", required: ["version", "expires_at"] } },
  },
}
const list = {
  search: { type: "string", minLength: 1 },
  limit: { type: "string", pattern: "^[0-9]+$" },
  offset: { type: "string", pattern: "^[0-9]+$" },
  count: { enum: ["true", "false"] },
  role,
  acting_as: role,
}
const listed = {
  types: ["application/json"],
  schema: {
    anyOf: [
      { type: "array", items: resource },
      { type: "object", required: ["count"] },
    ],
  },
}
const tokenAnswers = {
  200: { types: ["application/json", "text/plain"], schema: token },
  400: undefined,
  401: undefined,
  404: undefined,
  500: undefined,
}

export const operations: Record<string, Operation> = {
  getAccessToken: {
    method: "POST",
    path: "/authn/{account}/{login}/authenticate",
    segments: { account, login: { type: "string", minLength: 1 } },
    requestBody: { type: "text/plain", schema: text },
    responses: tokenAnswers,
    secured: false,
    acceptEncoding: ["base64"],
  },
  getAccessTokenViaJWT: {
    method: "POST",
    path: "/authn-jwt/{service_id}/{account}/authenticate",
    segments: { service_id: id, account },
    requestBody: {
      type: "application/x-www-form-urlencoded",
      schema: { type: "string", pattern: "^jwt=[^&]+$" },
    },
    // 403: not in the document, but what the server answers to a host that may not use the authenticator.
    responses: { ...tokenAnswers, 403: undefined },
    secured: false,
    acceptEncoding: ["base64"],
  },
  getAccessTokenViaJWTWithId: {
    method: "POST",
    path: "/authn-jwt/{service_id}/{account}/{id}/authenticate",
    segments: { service_id: id, account, id: { type: "string", minLength: 1 } },
    requestBody: {
      type: "application/x-www-form-urlencoded",
      schema: { type: "string", pattern: "^jwt=[^&]+$" },
    },
    responses: { ...tokenAnswers, 403: undefined },
    secured: false,
    acceptEncoding: ["base64"],
  },
  getAPIKey: {
    method: "GET",
    path: "/authn/{account}/login",
    segments: { account },
    responses: {
      200: { types: ["text/plain"] },
      400: undefined,
      401: undefined,
      404: undefined,
      422: undefined,
    },
    secured: false,
  },
  rotateApiKey: {
    method: "PUT",
    path: "/authn/{account}/api_key",
    segments: { account },
    query: { role },
    // 403: not in the document, but what the server answers to who may not update the role.
    responses: {
      200: { types: ["text/plain"] },
      400: undefined,
      401: undefined,
      403: undefined,
      422: undefined,
    },
    secured: false,
  },
  whoAmI: {
    method: "GET",
    path: "/whoami",
    responses: {
      200: {
        types: ["application/json"],
        schema: {
          type: "object",
          required: ["client_ip", "user_agent", "account", "username", "token_issued_at"],
          properties: { client_ip: text, account: text, username: text, token_issued_at: text },
        },
      },
      401: undefined,
    },
    secured: true,
  },
  getSecret: {
    method: "GET",
    path: "/secrets/{account}/{kind}/{identifier}",
    segments: { account, kind, identifier: id },
    query: { version: { type: "string", pattern: "^[1-9][0-9]*$" } },
    // The document has text/plain; pages and server have application/octet-stream, or what `conjur/mime_type` says.
    responses: {
      200: { types: ["*"] },
      400: undefined,
      401: undefined,
      403: undefined,
      404: undefined,
      422: undefined,
    },
    secured: true,
  },
  createSecret: {
    method: "POST",
    path: "/secrets/{account}/{kind}/{identifier}",
    segments: { account, kind, identifier: id },
    query: { expirations: text },
    // 404: not in the document, but what the server answers where the variable cannot be seen.
    responses: {
      201: undefined,
      400: undefined,
      401: undefined,
      403: undefined,
      404: undefined,
      422: undefined,
    },
    secured: true,
  },
  getSecrets: {
    method: "GET",
    path: "/secrets",
    query: { variable_ids: { type: "string", minLength: 1 } },
    requiredQuery: ["variable_ids"],
    responses: {
      200: { types: ["application/json"], schema: { type: "object", additionalProperties: text } },
      401: undefined,
      403: undefined,
      404: { types: ["application/json"], schema: object },
      406: { types: ["application/json"], schema: object },
      422: { types: ["application/json"], schema: object },
    },
    secured: true,
    acceptEncoding: ["base64"],
  },
  showResourcesForKind: {
    method: "GET",
    path: "/resources/{account}/{kind}",
    segments: { account, kind },
    query: list,
    responses: { 200: listed, 400: undefined, 401: undefined, 403: undefined, 422: undefined },
    secured: true,
  },
  showResourcesForAccount: {
    method: "GET",
    path: "/resources/{account}",
    segments: { account },
    query: { ...list, kind },
    responses: { 200: listed, 400: undefined, 401: undefined, 403: undefined, 422: undefined },
    secured: true,
  },
  showResource: {
    method: "GET",
    path: "/resources/{account}/{kind}/{identifier}",
    segments: { account, kind, identifier: id },
    query: {
      permitted_roles: { enum: ["true", "false"] },
      privilege: { type: "string", minLength: 1 },
      check: { enum: ["true", "false"] },
      role,
    },
    responses: {
      200: { types: ["application/json"], schema: { anyOf: [resource, strings] } },
      204: undefined,
      400: undefined,
      401: undefined,
      403: undefined,
      404: undefined,
      422: undefined,
    },
    secured: true,
  },
  showRole: {
    method: "GET",
    path: "/roles/{account}/{kind}/{identifier}",
    segments: { account, kind, identifier: id },
    query: { all: text, memberships: text, members: text },
    responses: {
      200: { types: ["application/json"], schema: { anyOf: [object, { type: "array" }] } },
      400: undefined,
      401: undefined,
      // 403: not in the document, but what the server answers to a token whose role is gone.
      403: undefined,
      404: undefined,
      422: undefined,
    },
    secured: true,
  },
}

export interface Exchange {
  method: string
  /** Below the base path, with the query, as on the wire. */
  path: string
  /** Lower-case names. */
  requestHeaders: Readonly<Record<string, string | undefined>>
  requestBody: string
  status: number
  responseHeaders: Readonly<Record<string, string | undefined>>
  responseBody: Buffer
}

const ajv = new Ajv2020({ strict: false })

/** What the request and its answer have that the API does not allow, in words; empty where they fit. */
export function violations(exchange: Exchange): string[] {
  const [pathname = "", query = ""] = exchange.path.split("?")
  const found = Object.entries(operations).flatMap(([name, operation]) => {
    const segments = operation.method === exchange.method ? match(operation.path, pathname) : undefined
    return segments === undefined ? [] : [{ name, operation, segments }]
  })[0]
  if (found === undefined) return [`no operation is ${exchange.method} ${pathname}`]
  const { name, operation, segments } = found
  const wrong = [
    ...requestViolations(operation, segments, new URLSearchParams(query), exchange),
    ...responseViolations(operation, exchange),
  ]
  return wrong.map((violation) => `${name}: ${violation}`)
}

function requestViolations(
  operation: Operation,
  segments: Record<string, string>,
  query: URLSearchParams,
  { requestHeaders, requestBody }: Exchange,
): string[] {
  const wrong: string[] = []
  for (const [name, segment] of Object.entries(segments)) {
    if (!fits(operation.segments?.[name] ?? {}, segment)) wrong.push(`segment ${name}: ${segment}`)
  }
  for (const [name, value] of query) {
    const schema = operation.query?.[name]
    if (schema === undefined || !fits(schema, value)) wrong.push(`query ${name}=${value}`)
  }
  for (const name of operation.requiredQuery ?? []) if (!query.has(name)) wrong.push(`no query ${name}`)
  const sent = requestHeaders.authorization
  if (operation.secured && !/^Token token="[A-Za-z0-9+/]+=*"$/.test(sent ?? ""))
    wrong.push("no token in the request")
  if (!operation.secured && sent?.startsWith("Token ")) wrong.push("a token where none is due")
  if (operation.requestBody) {
    const type = requestHeaders["content-type"]?.split(";")[0]
    if (type !== operation.requestBody.type) wrong.push(`content type ${type}`)
    if (!fits(operation.requestBody.schema, requestBody)) wrong.push("request body")
  }
  const encoding = requestHeaders["accept-encoding"] ?? "identity"
  if (encoding === "base64" && !operation.acceptEncoding?.includes(encoding))
    wrong.push(`accept-encoding ${encoding}`)
  return wrong
}

function responseViolations(
  operation: Operation,
  { status, responseHeaders, responseBody }: Exchange,
): string[] {
  if (!Object.hasOwn(operation.responses, status)) return [`status ${status}`]
  const response = operation.responses[status]
  if (response === undefined) return []
  const type = responseHeaders["content-type"]?.split(";")[0] ?? ""
  if (!response.types.includes("*") && !response.types.includes(type))
    return [`content type ${type} of ${status}`]
  if (response.schema === undefined) return []
  // A token comes as base64 as a whole; of a batch only the values do.
  const encoded = type === "text/plain" && responseHeaders["content-encoding"] === "base64"
  const body = encoded ? Buffer.from(responseBody.toString(), "base64") : responseBody
  return fits(response.schema, JSON.parse(body.toString())) ? [] : [`body of ${status}`]
}

function match(template: string, pathname: string): Record<string, string> | undefined {
  const [wanted, given] = [template.split("/"), pathname.split("/")]
  if (wanted.length !== given.length) return undefined
  const segments: Record<string, string> = {}
  for (const [index, part] of wanted.entries()) {
    const segment = given[index] ?? ""
    if (part.startsWith("{")) segments[part.slice(1, -1)] = segment
    else if (part !== segment) return undefined
  }
  return segments
}

const fits = (schema: object, value: unknown): boolean => ajv.validate(schema, value)
