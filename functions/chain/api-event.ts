import type { APIGatewayProxyEvent } from "aws-lambda"

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
