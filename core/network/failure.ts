import type { Reason } from "../errors.ts"

/** The reasons that the network itself can give. */
type NetworkReason = Extract<Reason, "UNREACHABLE" | "TLS" | "BLOCKED_ADDRESS" | "TIMEOUT" | "PROVIDER_ERROR">

/** How a request failed, before it is known which operation it was for: the client makes a `ProviderError` of it. */
export class Failure extends Error {
  readonly reason: NetworkReason
  /** Whether another attempt may succeed: `unsent` where no byte of the request left, `lost` where some may have. */
  readonly retry: "never" | "unsent" | "lost"
  readonly status: number | undefined
  /** Whether it is the answer's size that was refused. */
  readonly oversized: boolean

  constructor(
    reason: NetworkReason,
    message: string,
    retry: Failure["retry"] = "never",
    { status, oversized = false }: { status?: number | undefined; oversized?: boolean } = {},
  ) {
    super(message)
    this.name = "Failure"
    this.reason = reason
    this.retry = retry
    this.status = status
    this.oversized = oversized
  }
}

/** The same for a name that does not resolve and for an address that is not allowed: it tells nothing of what is inside. */
export const blockedAddress = (retry: "never" | "unsent" = "never"): Failure =>
  new Failure(
    "BLOCKED_ADDRESS",
    "The host does not resolve, or to an address that this deployment does not contact: check `url`, or ask the operator for an exception",
    retry,
  )

/** What happened on a socket before TLS was through. */
export function connectFailure(error: unknown, phase: "reach" | "TLS"): Failure {
  if (error instanceof Failure) return error
  const code = codeOf(error)
  if (phase === "reach")
    return new Failure(
      "UNREACHABLE",
      code === "ECONNREFUSED"
        ? "The connection was refused: check the port in `url`, and that the secret manager runs"
        : "No connection could be made: check `url`, and that firewalls let Latchkey through",
      "unsent",
    )
  if (code === "ECONNRESET" || code === "EPIPE")
    return new Failure(
      "UNREACHABLE",
      "The connection was closed during the TLS handshake: check that the port in `url` speaks TLS",
      "unsent",
    )
  return new Failure("TLS", tlsMessage(code))
}

/** What happened on a socket after the request was handed to it. */
export function exchangeFailure(error: unknown): Failure {
  if (error instanceof Failure) return error
  const code = codeOf(error)
  if (code.startsWith("HPE_"))
    return new Failure(
      "PROVIDER_ERROR",
      "The answer is not valid HTTP: check that `url` names a secret manager",
    )
  // TLS 1.3 servers tell only now that they want a client's certificate.
  if (/^(?:ERR_SSL|ERR_TLS|EPROTO)/.test(code)) return new Failure("TLS", tlsMessage(code))
  return new Failure(
    "UNREACHABLE",
    "The connection was lost before the answer was complete: try again, and check the secret manager's log",
    "lost",
  )
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : ""
}

/** Codes of OpenSSL's verification and of Node; never the certificate's own texts. */
function tlsMessage(code: string): string {
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return "The server's certificate has expired: renew it"
    case "CERT_NOT_YET_VALID":
      return "The server's certificate is not valid yet: check the server's clock"
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return "The server's certificate is for another host: check the host in `url`"
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "CERT_UNTRUSTED":
      return "The server's certificate is not signed by a trusted authority: set `caCertificate` to the PEM of its authority, and have the server send its whole chain"
    default:
      return "TLS could not be set up: check that the port in `url` speaks TLS 1.2 or later"
  }
}
