import { randomUUID } from "node:crypto"
import type { Clock } from "../../../core/clock.ts"
import { isObject, type Json, own } from "../../../core/json.ts"
import type { FaultSwitches } from "./faults.ts"
import type { AwsState, Policy } from "./state.ts"

/** The services, by the way in which they are spoken to. */
export type ServiceName = "secretsmanager" | "ssm" | "sts"

/** Whoever signed the request. */
export interface Caller {
  arn: string
  /** `AIDA…`, or `AROA…:session`. */
  id: string
  account: string
  /** All of these must allow what is done. */
  policies: readonly Policy[]
}

/** One request, as an operation sees it: signed, not yet authorized. */
export interface Call {
  state: AwsState
  clock: Clock
  caller: Caller
  region: string
  /** What clients sent, as JSON; of the query protocol all values are text. */
  input: { [key: string]: Json }
  fault: Readonly<FaultSwitches>
}

/** What AWS says when it refuses: a name, which clients go by, and a text for people. */
export class AwsError extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, message: string, status = 400) {
    super(message)
    this.code = code
    this.status = status
  }
}

export interface Answer {
  status: number
  contentType: string
  body: string
  /** Of a redirect. */
  location?: string
}

const jsonType = "application/x-amz-json-1.1"
const xmlType = "text/xml"
const stsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/"

/** A successful answer, in the service's protocol. `operation` names the elements of XML. */
export function reply(service: ServiceName, operation: string, output: { [key: string]: unknown }): Answer {
  if (service !== "sts") return { status: 200, contentType: jsonType, body: JSON.stringify(output) }
  const result = `<${operation}Result>${xml(output)}</${operation}Result>`
  const metadata = `<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata>`
  return {
    status: 200,
    contentType: xmlType,
    body: `<${operation}Response xmlns="${stsNamespace}">${result}${metadata}</${operation}Response>`,
  }
}

/** The same for an error. STS calls some errors otherwise than the services that speak JSON. */
export function refuse(service: ServiceName, { code, message, status }: AwsError): Answer {
  if (service !== "sts") {
    return {
      status,
      contentType: jsonType,
      body: JSON.stringify({ __type: code, Message: message, message }),
    }
  }
  const [name = code, itsStatus = status] = stsNames[code] ?? []
  const error = `<Error><Type>${itsStatus < 500 ? "Sender" : "Receiver"}</Type><Code>${escapeXml(name)}</Code><Message>${escapeXml(message)}</Message></Error>`
  return {
    status: itsStatus,
    contentType: xmlType,
    body: `<ErrorResponse xmlns="${stsNamespace}">${error}<RequestId>${randomUUID()}</RequestId></ErrorResponse>`,
  }
}

const stsNames: Record<string, [string, number]> = {
  AccessDeniedException: ["AccessDenied", 403],
  UnrecognizedClientException: ["InvalidClientTokenId", 403],
  InvalidSignatureException: ["SignatureDoesNotMatch", 403],
  ExpiredTokenException: ["ExpiredToken", 403],
  MissingAuthenticationTokenException: ["MissingAuthenticationToken", 403],
  ThrottlingException: ["Throttling", 400],
  ValidationException: ["ValidationError", 400],
  UnknownOperationException: ["InvalidAction", 400],
}

function xml(value: unknown): string {
  if (!isObject(value)) return escapeXml(String(value))
  return Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .map(([name, inner]) => `<${name}>${xml(inner)}</${name}>`)
    .join("")
}

const escapeXml = (text: string) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)

/** A text of the input; undefined where there is none. @throws AwsError where it is something else */
export function text(input: { [key: string]: Json }, name: string): string | undefined {
  const value = own(input, name)
  if (value === undefined || value === null) return undefined
  if (typeof value === "string") return value
  throw new AwsError("SerializationException", `${name} must be a string.`)
}

/** @throws AwsError where there is none */
export function needed(input: { [key: string]: Json }, name: string): string {
  const value = text(input, name)
  if (value) return value
  throw new AwsError(
    "ValidationException",
    `1 validation error detected: Value null at '${name.charAt(0).toLowerCase()}${name.slice(1)}' failed to satisfy constraint: Member must not be null`,
  )
}

/** @throws AwsError */
export function texts(input: { [key: string]: Json }, name: string): string[] | undefined {
  const value = own(input, name)
  if (value === undefined || value === null) return undefined
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value
  throw new AwsError("SerializationException", `${name} must be a list of strings.`)
}

/** Seconds since the epoch, to the millisecond, as AWS's JSON has them. */
export const seconds = (clock: Clock): number => clock.now() / 1000
