import { readFileSync } from "node:fs"
import { basePath } from "../../../core/contract/operation.ts"
import { fillPath } from "../../../core/contract/routes.ts"

/** A request to the API, as a client sends it. */
export interface ApiRequest {
  method: string
  /** Below the API's base path, parameters in braces. */
  path: string
  params?: Record<string, string>
  query?: Record<string, string>
  headers?: Record<string, string>
  body?: unknown
  token?: string
}

/**
 * A REST API's event, with all that API Gateway puts into one.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
 */
const proxy = () => JSON.parse(readFileSync(new URL("events/proxy.json", import.meta.url), "utf8"))

export function authorizerEvent(request: ApiRequest): Record<string, unknown> {
  const { body: _, isBase64Encoded: __, requestContext, ...rest } = eventOf(request)
  const { authorizer: ___, ...context } = requestContext
  return {
    type: "REQUEST",
    methodArn: `arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/full/${request.method}${rest.path}`,
    ...rest,
    requestContext: context,
  }
}

/** What the operation's function is invoked with, once the authorizer has given its context. */
export function proxyEvent(
  request: ApiRequest,
  authorizer: { principalId: string; context: Record<string, unknown> } | undefined,
): Record<string, unknown> {
  const event = eventOf(request)
  const { authorizer: example, ...requestContext } = event.requestContext
  if (authorizer === undefined) return { ...event, requestContext }
  // API Gateway hands on a context's values as texts.
  const texts = Object.entries(authorizer.context).map(([name, value]) => [name, String(value)])
  const { principalId } = authorizer
  return {
    ...event,
    requestContext: {
      ...requestContext,
      authorizer: {
        ...Object.fromEntries(texts),
        principalId,
        integrationLatency: example.integrationLatency,
      },
    },
  }
}

function eventOf({ method, path, params, query, headers = {}, body, token }: ApiRequest) {
  const event = proxy()
  const resource = basePath + path
  const sent = {
    ...event.headers,
    ...headers,
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
  }
  if (token === undefined) delete sent.Authorization
  const many = (values: Record<string, string>) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]]))
  const filled = fillPath(resource, params ?? {})
  return {
    ...event,
    resource,
    path: filled,
    httpMethod: method,
    headers: sent,
    multiValueHeaders: many(sent),
    queryStringParameters: query ?? null,
    multiValueQueryStringParameters: query ? many(query) : null,
    pathParameters: params ?? null,
    requestContext: { ...event.requestContext, resourcePath: resource, httpMethod: method, path: filled },
    body: body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body),
  }
}
