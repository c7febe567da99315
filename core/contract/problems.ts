import { type Code, type ErrorFields, LatchkeyError, type Reason, statusOf } from "../errors.ts"
import type { Problem } from "./shapes/problem.ts"

/** Where the pages about problems live: `docs/problems.md`, published. */
const problemsUrl = "https://latchkey.dev/problems"

/** The page about a code. It is an identifier too, so it never changes. */
export const problemType = (code: Code): string => `${problemsUrl}/${problemSlug(code)}`

export const problemSlug = (code: Code): string => code.toLowerCase().replaceAll("_", "-")

/**
 * The answer to a request that failed. Only a `LatchkeyError` may show anything of itself, and of it only what is named
 * here; whatever else was thrown is a bug, of which a caller learns nothing but the request's id.
 */
export function toProblem(error: unknown, requestId: string): Problem {
  if (!(error instanceof LatchkeyError)) return internal(requestId)
  if (error.code === "INTERNAL") return internal(requestId)
  return {
    ...common(error.code, requestId, error.message),
    detail: error.message,
    hint: hintOf(error),
    ...shown(error.fields),
  }
}

function hintOf({ code, fields: { hint, reason } }: LatchkeyError): string {
  return hint ?? (reason && reasonHints[reason]) ?? problemTexts[code].hint
}

function internal(requestId: string): Problem {
  const { title, hint } = problemTexts.INTERNAL
  return { ...common("INTERNAL", requestId, title), hint }
}

function common(code: Code, requestId: string, message: string) {
  return {
    type: problemType(code),
    title: problemTexts[code].title,
    status: statusOf[code],
    code,
    requestId,
    params: { message },
  }
}

function shown(fields: ErrorFields): Partial<Problem> {
  const { reason, providerId, connectionId, pointer, upstream, issues, retryAfterSeconds } = fields
  return {
    ...(reason !== undefined && { reason }),
    ...(providerId !== undefined && { providerId }),
    ...(connectionId !== undefined && { connectionId }),
    ...(pointer !== undefined && { pointer }),
    ...(upstream !== undefined && {
      upstream: {
        operation: upstream.operation,
        ...(upstream.status !== undefined && { status: upstream.status }),
        ...(upstream.code !== undefined && { code: upstream.code }),
      },
    }),
    ...(issues !== undefined && {
      issues: issues.map((issue) => ({ pointer: issue.pointer, message: issue.message })),
    }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  }
}

/** The answer where the API has no such route, which is not about a connection. */
export const unknownRoute = {
  detail: "There is no such route.",
  hint: "Check the method and the path; the OpenAPI document at /openapi.json has every route.",
}

/** What each code is called, when it is answered, and what to do about it. */
export const problemTexts: Record<Code, { title: string; when: string; hint: string }> = {
  VALIDATION: {
    title: "The request does not fit the contract",
    when: "The request does not fit the operation's schema, is not JSON, or nests too deep.",
    hint: "Mend what `issues` names; the OpenAPI document at /openapi.json has every field and bound.",
  },
  AUTHENTICATION: {
    title: "Not authenticated",
    when: "There is no token, or one that cannot be verified or has ended.",
    hint: "Send `Authorization: Bearer <JWT>` with a live token of a configured issuer.",
  },
  AUTHORIZATION: {
    title: "Not allowed",
    when: "The token is good, but whom it names may not do this, or not for this project.",
    hint: "Use a token with the role or type that the operation asks for, and name a project of the caller's.",
  },
  ENTITY_NOT_FOUND: {
    title: "Not found",
    when: "There is no such route, or no such connection that the caller may use: the two are not told apart.",
    hint: "Check the id, and whether the connection is shared with the project that the request names.",
  },
  CONFLICT: {
    title: "The id is taken",
    when: "A connection with the given id exists.",
    hint: "Leave `id` out to get a new one, or update the connection that has it.",
  },
  LIMIT_EXCEEDED: {
    title: "A limit is reached",
    when: "The platform has as many connections as it may have.",
    hint: "Delete connections that are not used; one connection can serve many projects.",
  },
  VERSION_CONFLICT: {
    title: "The connection has changed",
    when: "`If-Match` names another version than the current one, or the configuration changed meanwhile.",
    hint: "Get the connection again, apply the change to what it is now, and send its new version.",
  },
  SECRET_MANAGER_CONNECTION_FAILED: {
    title: "The secret manager did not accept the connection",
    when: "A live test failed on creation or update. Nothing was stored; `reason` says why.",
    hint: "Mend the configuration as `reason` says; POST /test shows each step.",
  },
  SECRET_MANAGER_GET_SECRET_FAILED: {
    title: "A reference could not be resolved",
    when: "A reference is malformed, or its secret could not be read; `reason` says why, `pointer` where it stands.",
    hint: "Look at `reason`; POST /validate tells which references of a value would resolve.",
  },
  PAYLOAD_TOO_LARGE: {
    title: "Too large",
    when: "The request's body, or the reply it asks for, is over the limit.",
    hint: "Split the value into several requests.",
  },
  TOO_MANY_REFERENCES: {
    title: "Too many references",
    when: "The value holds more references, or names more connections, than one resolve may.",
    hint: "Resolve parts of the value: at most 500 references and 99 connections a call.",
  },
  THROTTLED: {
    title: "Too many requests",
    when: "The platform asks for more than its share.",
    hint: "Wait as `retry-after` says, then try again.",
  },
  UNAVAILABLE: {
    title: "Temporarily unavailable",
    when: "Latchkey's own storage or keys could not be reached.",
    hint: "Try again in a moment; if it lasts, tell the operators the request id.",
  },
  INTERNAL: {
    title: "Internal error",
    when: "A bug. The answer has no detail.",
    hint: "Tell the operators the request id: the log has the rest.",
  },
}

/** What to do about each reason, at the secret manager or here. */
export const reasonHints: Record<Reason, string> = {
  UNREACHABLE: "Check that the secret manager is up and that Latchkey's addresses may reach it.",
  TLS: "Check the certificate and its host name; a private CA goes into the connection's `caCertificate`.",
  BLOCKED_ADDRESS:
    "Check that the host name exists; private addresses need an exception by the deployment's operators.",
  BAD_CREDENTIALS: "Update the connection's credentials: they are wrong, have ended or were revoked.",
  PERMISSION_DENIED: "Grant the connection's identity read access to this path in the secret manager.",
  PATH_NOT_ALLOWED:
    "Ask an admin to add the path to the connection's `allowedPaths`, or use one that is there.",
  NOT_FOUND: "Check the path, and the key or field, for typing errors.",
  DELETED: "Restore the secret or its version in the secret manager, or reference another.",
  INVALID_PATH: "Write the path as this provider expects it; the picker builds it.",
  WRONG_ENGINE: "Reference a key-value engine, with the path form of its version.",
  UNSUPPORTED_VALUE: "Add `?encoding=base64` for a binary secret; values are at most 64 KiB.",
  THROTTLED: "The secret manager limits requests: wait, or raise its quota or the connection's cache time.",
  SEALED: "Unseal the secret manager.",
  TIMEOUT: "The secret manager is slow: try again, and check its load and the network between.",
  PROVIDER_ERROR: "Check the secret manager's own log at this time; `upstream` names the failing operation.",
}
