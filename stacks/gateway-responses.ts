import { problemTexts, problemType, unknownRoute } from "../core/contract/problems.ts"

type Code = keyof typeof problemTexts

interface Answer {
  code: Code
  status: number
  detail: string
  /** Instead of the code's. */
  hint?: string
}

const internal: Answer = { code: "INTERNAL", status: 500, detail: problemTexts.INTERNAL.title }
const late: Answer = {
  code: "UNAVAILABLE",
  status: 503,
  detail: "The request took longer than it may. Try again, or ask for less.",
}
const noRoute: Answer = {
  code: "ENTITY_NOT_FOUND",
  status: 404,
  ...unknownRoute,
}
const busy: Answer = {
  code: "THROTTLED",
  status: 429,
  detail: "The API takes more requests than this deployment allows.",
}
const malformed: Answer = {
  code: "VALIDATION",
  status: 400,
  detail: "API Gateway could not read the request.",
}
const denied: Answer = {
  code: "AUTHORIZATION",
  status: 403,
  detail: "The token does not allow this request.",
}
const unauthenticated: Answer = {
  code: "AUTHENTICATION",
  status: 401,
  detail: "Send a live token of a configured issuer in the header `Authorization: Bearer <token>`.",
}

/**
 * What API Gateway answers itself, by its own type of response.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
 */
const answers: Record<string, Answer> = {
  ACCESS_DENIED: denied,
  API_CONFIGURATION_ERROR: internal,
  AUTHORIZER_CONFIGURATION_ERROR: internal,
  AUTHORIZER_FAILURE: internal,
  BAD_REQUEST_BODY: malformed,
  BAD_REQUEST_PARAMETERS: malformed,
  DEFAULT_4XX: malformed,
  DEFAULT_5XX: internal,
  EXPIRED_TOKEN: unauthenticated,
  INTEGRATION_FAILURE: internal,
  INTEGRATION_TIMEOUT: late,
  INVALID_API_KEY: denied,
  INVALID_SIGNATURE: unauthenticated,
  // What API Gateway calls a route that does not exist.
  MISSING_AUTHENTICATION_TOKEN: noRoute,
  QUOTA_EXCEEDED: busy,
  REQUEST_TOO_LARGE: { code: "PAYLOAD_TOO_LARGE", status: 413, detail: "Requests are limited to 10 MiB." },
  RESOURCE_NOT_FOUND: noRoute,
  THROTTLED: busy,
  UNAUTHORIZED: unauthenticated,
  UNSUPPORTED_MEDIA_TYPE: malformed,
  WAF_FILTERED: denied,
}

/** Values are API Gateway's mapping expressions: text in single quotes. */
export type Headers = Record<string, $util.Input<string>>

export interface GatewayResponse {
  responseType: string
  statusCode: string
  responseParameters: Headers
  responseTemplates: Record<string, string>
}

/** The problem documents and headers of what API Gateway answers itself: as the functions' own answers. */
export function gatewayResponses(consoleOrigin: $util.Input<string> | undefined): GatewayResponse[] {
  return Object.entries(answers).map(([responseType, answer]) => ({
    responseType,
    statusCode: String(answer.status),
    responseParameters: Object.fromEntries(
      Object.entries({
        ...ownHeaders(consoleOrigin),
        "Content-Type": "'application/problem+json'",
        ...(answer === busy && { "Retry-After": "'1'" }),
      }).map(([name, value]) => [`gatewayresponse.header.${name}`, value]),
    ),
    responseTemplates: { "application/json": JSON.stringify(problemOf(answer)) },
  }))
}

/** On every answer that no function gave. */
export function ownHeaders(consoleOrigin: $util.Input<string> | undefined): Headers {
  return {
    "Cache-Control": "'no-store'",
    "Referrer-Policy": "'no-referrer'",
    "Strict-Transport-Security": "'max-age=63072000; includeSubDomains'",
    "X-Content-Type-Options": "'nosniff'",
    "X-Request-Id": "context.requestId",
    ...(consoleOrigin !== undefined && {
      "Access-Control-Allow-Origin": $util.interpolate`'${consoleOrigin}'`,
      "Access-Control-Expose-Headers": "'etag, x-request-id, retry-after'",
      Vary: "'origin'",
    }),
  }
}

/** API Gateway puts in the request's id; the template knows no other variable. */
function problemOf({ code, status, detail, hint = problemTexts[code].hint }: Answer) {
  const { title } = problemTexts[code]
  return {
    type: problemType(code),
    title,
    status,
    code,
    requestId: "$context.requestId",
    params: { message: detail },
    ...(code !== "INTERNAL" && { detail }),
    hint,
  }
}
