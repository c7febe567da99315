/**
 * Every code a caller can meet, with its HTTP status. The set is closed: clients switch over it, and each code
 * has a documentation page.
 */
export const statusOf = {
  VALIDATION: 400,
  AUTHENTICATION: 401,
  AUTHORIZATION: 403,
  ENTITY_NOT_FOUND: 404,
  CONFLICT: 409,
  LIMIT_EXCEEDED: 409,
  VERSION_CONFLICT: 412,
  SECRET_MANAGER_CONNECTION_FAILED: 400,
  SECRET_MANAGER_GET_SECRET_FAILED: 424,
  PAYLOAD_TOO_LARGE: 413,
  TOO_MANY_REFERENCES: 400,
  THROTTLED: 429,
  UNAVAILABLE: 503,
  INTERNAL: 500,
} as const

export type Code = keyof typeof statusOf

/** Why a secret manager did not give what was asked of it: one set for every provider. */
export const reasons = [
  "UNREACHABLE",
  "TLS",
  "BLOCKED_ADDRESS",
  "BAD_CREDENTIALS",
  "PERMISSION_DENIED",
  "PATH_NOT_ALLOWED",
  "NOT_FOUND",
  "DELETED",
  "INVALID_PATH",
  "WRONG_ENGINE",
  "UNSUPPORTED_VALUE",
  "THROTTLED",
  "SEALED",
  "TIMEOUT",
  "PROVIDER_ERROR",
] as const

export type Reason = (typeof reasons)[number]

/** What a request to a secret manager was for, and how it was answered: never the vendor's own text. */
export interface Upstream {
  /** Our name of the operation, such as `read secret` or `log in by AppRole`. */
  operation: string
  status?: number
  /** The vendor's error code, only where it matches `^[A-Za-z0-9_.]{1,64}$`. */
  code?: string
}

export interface ValidationIssue {
  /** JSON pointer into the request's body, or into its parameters by name. */
  pointer: string
  message: string
}

export interface ErrorFields {
  reason?: Reason
  providerId?: string
  connectionId?: string
  /** JSON pointer to the string, in the object to resolve, that holds the failing reference. */
  pointer?: string
  upstream?: Upstream
  issues?: ValidationIssue[]
  retryAfterSeconds?: number
  /** What to do, where the code's own hint is about something else. */
  hint?: string
}

/**
 * The one error a caller may see. `message` is ours and safe to show: it never contains a secret, a credential or
 * a vendor's text. The vendor's error, where there is one, travels as `cause` and is never serialized.
 */
export class LatchkeyError extends Error {
  readonly code: Code
  readonly fields: ErrorFields

  constructor(code: Code, message: string, fields: ErrorFields = {}, options?: ErrorOptions) {
    super(message, options)
    this.name = "LatchkeyError"
    this.code = code
    this.fields = fields
  }

  get status(): number {
    return statusOf[this.code]
  }
}

/**
 * What a provider, or the network on its behalf, throws. It becomes a `LatchkeyError` where it is known what the
 * caller asked for: a test of a connection or the resolution of a reference.
 */
export class ProviderError extends Error {
  readonly reason: Reason
  readonly upstream: Upstream | undefined
  /** How long the secret manager asked us to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined
  /** The answer was larger than the request allows: asking for less may succeed. */
  readonly oversized: boolean

  constructor(
    reason: Reason,
    message: string,
    options: { upstream?: Upstream; retryAfterMs?: number; oversized?: boolean; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = "ProviderError"
    this.reason = reason
    this.upstream = options.upstream
    this.retryAfterMs = options.retryAfterMs
    this.oversized = options.oversized ?? false
  }
}

/** Reasons that say nothing about the secret: asking again later may succeed, and a stale value may stand in. */
export const transientReasons: ReadonlySet<Reason> = new Set([
  "UNREACHABLE",
  "TIMEOUT",
  "THROTTLED",
  "SEALED",
  "PROVIDER_ERROR",
])

/** The vendor's error code if it is fit to be shown and logged, else undefined. */
export function upstreamCode(code: unknown): string | undefined {
  return typeof code === "string" && /^[A-Za-z0-9_.]{1,64}$/.test(code) ? code : undefined
}
