import type { Operation } from "../../core/contract/operation.ts"
import { parseInput } from "../../core/contract/parse.ts"
import { isObject } from "../../core/json.ts"
import { limits } from "../../core/limits.ts"
import { printPointer } from "../../core/references/json-pointer.ts"
import { type ApiEvent, headerOf } from "./api-event.ts"
import { invalid, parseJson, tooLarge } from "./parse-json.ts"

/** What the caller sent, validated. */
export interface Input<Params, Query, Body> {
  params: Params
  query: Query
  body: Body
  /** The body before parsing, for signatures over it. */
  rawBody: string
  /** The version that the caller expects to change. */
  ifMatch?: number
}

/**
 * Reads and validates what the caller sent, cheap bounds first.
 * @throws LatchkeyError `PAYLOAD_TOO_LARGE`, `VALIDATION`
 */
export function readInput<Params, Query, Body>(
  operation: Operation<Params, Query, Body>,
  event: ApiEvent,
): Input<Params, Query, Body> {
  const rawBody = readBody(event, operation.bodyLimit)
  const input = {
    params: read(operation.params, (schema) => parseInput(schema, decoded(event.pathParameters))),
    query: readQuery(operation.query, event),
    body: readJson(operation.body, event, rawBody),
    rawBody,
  }
  const ifMatch = operation.ifMatch && versionOf(headerOf(event, "if-match"))
  return ifMatch === undefined ? input : { ...input, ifMatch }
}

type Schema<Output> = NonNullable<Operation<unknown, unknown, Output>["body"]>

/** An operation without a schema has `undefined` for its type: that is what `defineOperation` infers. */
function read<Output>(
  make: Schema<Output> | undefined,
  parse: (schema: ReturnType<Schema<Output>>) => Output,
): Output {
  return make === undefined ? (undefined as Output) : parse(make())
}

/**
 * Whether path parameters arrive decoded depends on what is before the function. No id has a `%`, so that decoding
 * what is decoded already changes nothing.
 */
function decoded(parameters: ApiEvent["pathParameters"]): Record<string, unknown> {
  const entries = Object.entries(parameters ?? {})
  return Object.fromEntries(
    entries.map(([name, value]) => [name, value?.includes("%") ? decode(value) : value]),
  )
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function readQuery<Query>(make: Schema<Query> | undefined, event: ApiEvent): Query {
  const query = event.queryStringParameters ?? {}
  for (const [name, values] of Object.entries(event.multiValueQueryStringParameters ?? {}))
    if (values !== undefined && values.length > 1)
      throw invalid("Send each query parameter once.", "is given more than once", pointerTo(name))
  const [unknown] = make === undefined ? Object.keys(query) : []
  if (unknown !== undefined)
    throw invalid("This operation takes no query parameters.", "is not a known parameter", pointerTo(unknown))
  return read(make, (schema) => parseInput(schema, query))
}

const pointerTo = (parameter: string) => printPointer([parameter.slice(0, 64)])

/** The body's text, measured before it is decoded or parsed. @throws LatchkeyError `PAYLOAD_TOO_LARGE`, `VALIDATION` */
function readBody({ body, isBase64Encoded }: ApiEvent, limit: number): string {
  if (!body) return ""
  if (!isBase64Encoded) {
    // A character takes at least one byte, so that most of what is too large is refused without measuring.
    if (body.length > limit || Buffer.byteLength(body) > limit) throw tooLarge(limit)
    return body
  }
  if (body.length > (limit / 3 + 1) * 4) throw tooLarge(limit)
  const bytes = Buffer.from(body, "base64")
  if (bytes.length > limit) throw tooLarge(limit)
  try {
    return utf8.decode(bytes)
  } catch {
    throw invalid("The body is not UTF-8.", "is not UTF-8")
  }
}

/** Keeps a byte order mark, so that the text has exactly the bytes that were signed. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/**
 * An absent body counts as an empty object, since some operations need nothing in it, and an empty object as an absent
 * body, since some clients always send one.
 */
function readJson<Body>(make: Schema<Body> | undefined, event: ApiEvent, text: string): Body {
  if (text === "") return read(make, (schema) => parseInput(schema, {}))
  const type = headerOf(event, "content-type")
  if (type !== undefined && !/^\s*application\/json\s*(?:;|$)/i.test(type))
    throw invalid("Send JSON, with the header `content-type: application/json`.", "is not application/json")
  const json = parseJson(text, limits.depth)
  if (make === undefined && !(isObject(json) && Object.keys(json).length === 0))
    throw invalid("This operation takes no body.", "is not expected")
  return read(make, (schema) => parseInput(schema, json))
}

/** A strong entity tag that holds a version (RFC 9110, section 8.8.3), or the bare number. */
function versionOf(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined) return undefined
  const [, quoted, bare] = /^\s*(?:"([1-9]\d{0,14})"|([1-9]\d{0,14}))\s*$/.exec(ifMatch) ?? []
  const version = quoted ?? bare
  if (version === undefined)
    throw invalid(
      'Send the version in `If-Match` as `ETag` has it: "7", or 7.',
      "is not a version",
      "/If-Match",
    )
  return Number(version)
}
