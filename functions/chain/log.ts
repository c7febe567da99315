import { LogFormatter, Logger, LogItem } from "@aws-lambda-powertools/logger"
import type { LogAttributes, UnformattedAttributes } from "@aws-lambda-powertools/logger/types"
import { LatchkeyError, ProviderError, upstreamCode } from "../../core/errors.ts"

/** All that a log line may hold besides its level, time and message. What is not on this list is dropped, whoever logs it. */
const allowed = [
  "requestId",
  /** Lambda's own id of the invocation. */
  "awsRequestId",
  "operation",
  "status",
  "code",
  "reason",
  "durationMs",
  "coldStart",
  "platformId",
  "connectionId",
  "providerId",
  "upstreamOperation",
  "upstreamStatus",
  "upstreamCode",
  "references",
  "connections",
  "fetched",
  "cached",
  "memory",
  "stale",
  "failed",
  "error",
  "cause",
  "at",
] as const

export type LogFields = Partial<Record<(typeof allowed)[number], string | number | boolean>>

/**
 * One line of JSON each; an error's stands behind what Lambda writes before `console.error`, by which the SST Console
 * finds it. `message` is one of our own sentences, never an error's.
 */
export interface Log {
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

export function createLog(): Log {
  const logger = new Logger({ serviceName: "latchkey", logFormatter: new AllowListFormatter() })
  return {
    info: (message, fields = {}) => logger.info(message, fields),
    warn: (message, fields = {}) => logger.warn(message, fields),
    error: (message, fields = {}) => {
      if (logger.getLevelName() !== "SILENT") process.stderr.write(`${errorLine(message, fields)}\n`)
    },
  }
}

/**
 * An error as the SST Console groups it: by what `stack` begins with, and by the places after that, which it looks up in
 * the source maps. Powertools' own line has neither the beginning nor the stack that it looks for.
 * @see https://github.com/sst/console/blob/dev/packages/core/src/log/index.ts, `extractError`
 */
function errorLine(message: string, fields: LogFields): string {
  const time = new Date().toISOString()
  const told = permitted(fields)
  const kind = told.error ?? told.code ?? "Error"
  const places = typeof told.at === "string" ? told.at.split(" < ") : []
  const attributes = {
    level: "ERROR",
    time,
    message,
    ...told,
    stack: [`${kind}: ${message}`, ...places.map((place) => `at ${place}`)],
  }
  return `${time}\t${told.awsRequestId}\tERROR\t${JSON.stringify(attributes)}`
}

/** A subclass, since Powertools takes a formatter in no other way. */
class AllowListFormatter extends LogFormatter {
  override formatAttributes(base: UnformattedAttributes, additional: LogAttributes): LogItem {
    const attributes: LogAttributes = {
      level: base.logLevel,
      time: base.timestamp.toISOString(),
      message: plain(base.message),
    }
    if (base.xRayTraceId !== undefined) attributes.traceId = base.xRayTraceId
    return new LogItem({ attributes: { ...attributes, ...permitted(additional) } })
  }
}

function permitted(fields: Readonly<Record<string, unknown>>): LogFields {
  const values: LogFields = {}
  for (const name of allowed) {
    const value = plain(fields[name])
    if (value !== undefined) values[name] = value
  }
  return values
}

/** Objects could hold anything, long strings too: only short plain values are printed. */
function plain(value: unknown): string | number | boolean | undefined {
  if (typeof value === "string") return value.length > 512 ? `${value.slice(0, 512)}...` : value
  return typeof value === "number" || typeof value === "boolean" ? value : undefined
}

/** What may be logged of an error: what it is and where it came from, never its message nor what it holds. */
export function errorFields(error: unknown): LogFields {
  if (!(error instanceof LatchkeyError)) return { code: "INTERNAL", ...bugFields(error) }
  const { code, fields, cause } = error
  const { reason, connectionId, providerId, upstream } = fields
  return {
    code,
    ...(reason !== undefined && { reason }),
    ...(connectionId !== undefined && { connectionId }),
    ...(providerId !== undefined && { providerId }),
    ...(upstream !== undefined && { upstreamOperation: upstream.operation }),
    ...(upstream?.status !== undefined && { upstreamStatus: upstream.status }),
    ...(upstream?.code !== undefined && { upstreamCode: upstream.code }),
    ...causeFields(cause),
    ...(code === "INTERNAL" && bugFields(error)),
  }
}

function causeFields(cause: unknown): LogFields {
  if (!(cause instanceof Error)) return {}
  if (cause instanceof ProviderError) return { cause: cause.reason }
  const name = upstreamCode(cause.name)
  return name === undefined ? {} : { cause: name }
}

function bugFields(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: typeof error }
  const at = placesIn(error)
  return { error: upstreamCode(error.name) ?? "Error", ...(at !== "" && { at }) }
}

/** The innermost places of a stack as `file:line:column`, without the message that precedes them in it. */
function placesIn({ stack = "", message }: Error): string {
  const start = stack.indexOf(message) + message.length
  const places = stack.slice(start).matchAll(/^ {4}at .*?\(?((?:file:\/\/)?\/[\w@.+/-]{1,200}:\d+:\d+)\)?$/gm)
  return [...places]
    .slice(0, 5)
    .map(([, place]) => place)
    .join(" < ")
}
