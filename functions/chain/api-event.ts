import type { APIGatewayProxyEvent } from "aws-lambda"
import { basePath } from "../../core/contract/operation.ts"

/** A REST API's proxy event, of which nothing is taken for granted. */
export type ApiEvent = Partial<APIGatewayProxyEvent>

export const asApiEvent = (event: unknown): ApiEvent =>
  typeof event === "object" && event !== null ? event : {}

/** The value of a header by its lower-case name: API Gateway passes names on as they were sent. */
export function headerOf(event: ApiEvent, name: string): string | undefined {
  const headers = event.headers ?? {}
  if (headers[name] !== undefined) return headers[name]
  for (const sent in headers)
    if (sent.length === name.length && sent.toLowerCase() === name) return headers[sent]
  return undefined
}

/**
 * Where the request has reached the API: the domain and what stands before the base path, a stage or a mapping, as API
 * Gateway knows them. Plain http only on one's own machine.
 */
export function apiUrlOf({ requestContext }: ApiEvent): string {
  const { domainName, path = "" } = requestContext ?? {}
  const end = path.indexOf(basePath)
  if (domainName === undefined || end < 0) throw new Error("API Gateway did not say where it was reached.")
  const scheme = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/.test(domainName) ? "http" : "https"
  return `${scheme}://${domainName}${path.slice(0, end)}${basePath}`
}
