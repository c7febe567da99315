import type * as z from "zod/mini"
import type { Kind } from "../auth/principal.ts"
import type { Code } from "../errors.ts"

/** Where the API lives, on every stage and in the sandbox. */
export const basePath = "/api/v1/secret-managers"

export interface Route {
  method: "GET" | "POST" | "PATCH" | "DELETE"
  /** Below `basePath`, with parameters in braces: `""`, `/{id}`, `/{id}/test`. */
  path: string
}

/**
 * One operation of the API, as data. Schemas are functions because building them costs milliseconds that a cold start
 * should pay only for the operation it serves; each builds its schema once. `Query` and `Body` are what a handler gets
 * after parsing, `QueryInput` and `BodyInput` what a client sends.
 */
export interface Operation<
  Params = unknown,
  Query = unknown,
  Body = unknown,
  Reply = unknown,
  QueryInput = unknown,
  BodyInput = unknown,
> extends Route {
  /** The OpenAPI operationId, the name of the function's file in kebab-case and of the client's method. */
  id: string
  /** Other routes that lead to the same operation, kept for existing clients. */
  aliases?: readonly Route[]
  summary: string
  description?: string
  /** Whose tokens get past the door; what they reach behind it is decided where data is read. */
  who: readonly Kind[] | "public"
  /** Strict object schemas; absent where the operation takes none. */
  params?: () => z.core.$ZodType<Params>
  query?: () => z.core.$ZodType<Query, QueryInput>
  body?: () => z.core.$ZodType<Body, BodyInput>
  /** Takes `If-Match`. */
  ifMatch?: true
  /** Takes `latchkey-signature`, over the body as it is sent. */
  signature?: true
  /** Replies with `ETag`: the connection's version. */
  etag?: true
  /** Bound on the request body, in bytes. */
  bodyLimit: number
  status: 200 | 201 | 202 | 204
  /** Absent with 204. */
  reply?: () => z.core.$ZodType<Reply>
  /** The codes it may answer besides `commonErrors`. */
  errors: readonly Code[]
}

/** The codes that any operation may answer; a public one needs no token and so lacks the two about it. */
export const commonErrors = [
  "VALIDATION",
  "AUTHENTICATION",
  "AUTHORIZATION",
  "PAYLOAD_TOO_LARGE",
  "THROTTLED",
  "UNAVAILABLE",
  "INTERNAL",
] as const satisfies readonly Code[]

/** Keeps the schemas' types: `defineOperation({...})` infers them, a plain annotation would forget. */
export function defineOperation<
  Params = undefined,
  Query = undefined,
  Body = undefined,
  Reply = undefined,
  QueryInput = undefined,
  BodyInput = undefined,
>(
  operation: Operation<Params, Query, Body, Reply, QueryInput, BodyInput>,
): Operation<Params, Query, Body, Reply, QueryInput, BodyInput> {
  return operation
}
