import { LatchkeyError, ProviderError } from "../errors.ts"

/** The connection that a failure is about; without `id` where it is not stored yet. */
export interface ConnectionIdentity {
  providerId: string
  id?: string
}

/** A live test failed, as its caller sees it. */
export const connectionFailed = (error: ProviderError, connection: ConnectionIdentity): LatchkeyError =>
  shown("SECRET_MANAGER_CONNECTION_FAILED", error, connection)

/** A reference could not be resolved, or a folder not listed, as its caller sees it. */
export const secretFailed = (error: ProviderError, connection: ConnectionIdentity): LatchkeyError =>
  shown("SECRET_MANAGER_GET_SECRET_FAILED", error, connection)

function shown(
  code: "SECRET_MANAGER_CONNECTION_FAILED" | "SECRET_MANAGER_GET_SECRET_FAILED",
  error: ProviderError,
  { providerId, id }: ConnectionIdentity,
): LatchkeyError {
  const fields = {
    reason: error.reason,
    providerId,
    ...(id !== undefined && { connectionId: id }),
    ...(error.upstream && { upstream: error.upstream }),
  }
  return new LatchkeyError(code, error.message, fields, { cause: error })
}

/** Why a secret manager's client threw `error` while `signal` bounded it: of what is no failure we know, nothing is told. */
export function failureOf(error: unknown, signal: AbortSignal): ProviderError {
  if (error instanceof ProviderError) return error
  if (signal.aborted) return timedOut()
  return new ProviderError("PROVIDER_ERROR", "The secret manager's answer could not be understood.", {
    cause: error,
  })
}

export const timedOut = (): ProviderError =>
  new ProviderError(
    "TIMEOUT",
    "The secret manager did not answer in time. Check that it is up and reachable from Latchkey.",
  )

export const unanswered = (): ProviderError =>
  new ProviderError("PROVIDER_ERROR", "The secret manager gave no answer for this path.")

export const pathNotAllowed = (): ProviderError =>
  new ProviderError(
    "PATH_NOT_ALLOWED",
    "This connection's settings do not allow this path. An admin can add a pattern that covers it to `allowedPaths`.",
  )
