import { ProviderError, type Reason } from "../../errors.ts"
import { isObject, own } from "../../json.ts"
import type { HttpResponse } from "../../network/http.ts"
import { failure, jsonOf } from "../answer.ts"

/**
 * AWS answers nearly every failure with status 400, so what it means is told by the error's name. Names as in the API
 * references' "Common Errors" and of the operations; those of STS lack `Exception` in places.
 */
const meanings: Readonly<Record<string, { reason: Reason; message: string }>> = {
  ...of(
    "NOT_FOUND",
    "AWS has no such secret in this region and account, or not that version or stage of it. Check the name and the region.",
    ["ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound"],
  ),
  ...of(
    "PERMISSION_DENIED",
    "AWS forbids this to the connection's identity. Check its policies, the secret's policy, and those of its KMS key.",
    ["AccessDeniedException", "AccessDenied", "NotAuthorized"],
  ),
  ...of(
    "PERMISSION_DENIED",
    "The secret's KMS key does not decrypt it for the connection's identity. Check `kms:Decrypt`, and that the key is enabled.",
    ["DecryptionFailure", "InvalidKeyId"],
  ),
  ...of("PERMISSION_DENIED", "The region is not enabled in the account. Enable it, or choose another.", [
    "RegionDisabledException",
    "OptInRequired",
  ]),
  ...of("DELETED", "The secret is scheduled for deletion. Restore it, or write another.", [
    "InvalidRequestException",
  ]),
  ...of(
    "BAD_CREDENTIALS",
    "AWS does not accept the credentials. Check that they are complete, active, of this partition, and not at an end.",
    [
      ...["UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "AuthFailure"],
      ...["ExpiredTokenException", "ExpiredToken", "RequestExpired"],
      ...["InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature"],
      ...["MissingAuthenticationTokenException", "MissingAuthenticationToken"],
    ],
  ),
  ...of("THROTTLED", "AWS refuses more requests for now: a quota of the account holds.", [
    ...["ThrottlingException", "Throttling", "ThrottledException", "RequestThrottledException"],
    ...["TooManyRequestsException", "RequestLimitExceeded", "LimitExceededException", "SlowDown"],
  ]),
  ...of("INVALID_PATH", "AWS does not take that as a secret's name, version or stage.", [
    ...["InvalidParameterException", "ValidationException", "ValidationError", "InvalidParameterValue"],
  ]),
}

function of(reason: Reason, message: string, names: readonly string[]) {
  return Object.fromEntries(names.map((name) => [name, { reason, message }]))
}

/**
 * What an AWS error of that name means. The name is told, the text that came with it is not.
 * @param answer absent where the error came as a part of another answer
 */
export function namedError(
  name: string,
  operation: string,
  answer?: Pick<HttpResponse, "status" | "retryAfterMs">,
): ProviderError {
  const { status } = answer ?? {}
  const { reason, message } = (Object.hasOwn(meanings, name) && meanings[name]) || {
    reason: status === 429 ? ("THROTTLED" as const) : ("PROVIDER_ERROR" as const),
    message: `AWS failed to ${operation}. Try again, and look at AWS's health dashboard.`,
  }
  return failure(reason, message, answer ?? {}, operation, name)
}

/** What an error that the SDK threw means. Of the error itself nothing is used: it has the vendor's texts in it. */
export function errorOf(answer: HttpResponse | undefined, operation: string): ProviderError {
  if (!answer) {
    return new ProviderError("PROVIDER_ERROR", "The request could not be made. Check the credentials.", {
      upstream: { operation },
    })
  }
  const name = nameIn(answer) ?? ""
  if (name !== "" || answer.status === 429 || answer.status >= 500) {
    return namedError(name, operation, answer)
  }
  return new ProviderError(
    "PROVIDER_ERROR",
    "What answered is not AWS. Check `region` and `endpoint`, and what stands between.",
    { upstream: { operation, status: answer.status } },
  )
}

/** Whether an answer is AWS's way to ask for another attempt later, which has the status 400. */
export function isThrottled(answer: HttpResponse): boolean {
  const name = answer.status === 400 ? nameIn(answer) : undefined
  return name !== undefined && Object.hasOwn(meanings, name) && meanings[name]?.reason === "THROTTLED"
}

/**
 * The name of an answer's error, in whichever protocol it came: a header, `__type` or `code` in JSON, `Code` in XML.
 * https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization
 */
function nameIn({ status, headers, body }: HttpResponse): string | undefined {
  if (status < 300) return undefined
  const text = body.toString("utf8")
  const named = headers["x-amzn-errortype"] ?? (/^\s*</.test(text) ? xmlName(text) : jsonName(text))
  // `com.amazonaws.x#Name`, or `Name:http://...`.
  return named?.split(":")[0]?.split("#").at(-1)?.trim()
}

/** By two searches, not by one pattern: that would take the square of the time for an answer full of `<Error>`. */
function xmlName(text: string): string | undefined {
  const error = text.indexOf("<Error>")
  const code = error === -1 ? -1 : text.indexOf("<Code>", error)
  return code === -1 ? undefined : /^<Code>([^<]{1,128})<\/Code>/.exec(text.slice(code, code + 256))?.[1]
}

function jsonName(text: string): string | undefined {
  const body = jsonOf(text)
  if (!isObject(body)) return undefined
  return [own(body, "__type"), own(body, "code")].find((value) => typeof value === "string")
}
