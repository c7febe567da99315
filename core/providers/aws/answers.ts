import { ProviderError, type Reason } from "../../errors.ts"
import { isObject, own } from "../../json.ts"
import type { HttpResponse } from "../../network/http.ts"
import { failure, jsonOf } from "../answer.ts"

/** What a service keeps: messages speak of it. */
export type Thing = "secret" | "parameter"

interface Meaning {
  reason: Reason
  message: (thing: Thing) => string
}

/**
 * AWS answers nearly every failure with status 400, so what it means is told by the error's name. Names as in the API
 * references' "Common Errors" and of the operations; those of STS lack `Exception` in places.
 */
const meanings: Readonly<Record<string, Meaning>> = {
  ...of(
    "NOT_FOUND",
    (thing) =>
      `AWS has no such ${thing} in this region and account, or not that ${selectors[thing]} of it. Check the name and the region.`,
    [
      ...["ResourceNotFoundException", "ParameterNotFound"],
      ...["ParameterVersionNotFound", "ParameterVersionLabelNotFound"],
    ],
  ),
  ...of(
    "PERMISSION_DENIED",
    (thing) =>
      thing === "secret"
        ? "AWS forbids this to the connection's identity. Check its policies, the secret's policy, and those of its KMS key."
        : "AWS forbids this to the connection's identity. Check that a policy of it allows `ssm:GetParameters` on the parameter, and `kms:Decrypt` on its KMS key.",
    ["AccessDeniedException", "AccessDenied", "NotAuthorized"],
  ),
  ...of(
    "PERMISSION_DENIED",
    (thing) =>
      `The ${thing}'s KMS key does not decrypt it for the connection's identity. Check \`kms:Decrypt\`, and that the key is enabled.`,
    ["DecryptionFailure", "InvalidKeyId"],
  ),
  ...of(
    "PERMISSION_DENIED",
    () => "The region is not enabled in the account. Enable it, or choose another.",
    ["RegionDisabledException", "OptInRequired"],
  ),
  ...of("DELETED", () => "The secret is scheduled for deletion. Restore it, or write another.", [
    "InvalidRequestException",
  ]),
  ...of(
    "BAD_CREDENTIALS",
    () =>
      "AWS does not accept the credentials. Check that they are complete, active, of this partition, and not at an end.",
    [
      ...["UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "AuthFailure"],
      ...["ExpiredTokenException", "ExpiredToken", "RequestExpired"],
      ...["InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature"],
      ...["MissingAuthenticationTokenException", "MissingAuthenticationToken"],
    ],
  ),
  ...of(
    "THROTTLED",
    () =>
      "AWS refuses more requests for now: a quota of the account holds. Let values stay in the cache longer, or ask AWS for more.",
    [
      ...["ThrottlingException", "Throttling", "ThrottledException", "RequestThrottledException"],
      ...["TooManyRequestsException", "RequestLimitExceeded", "LimitExceededException", "SlowDown"],
    ],
  ),
  ...of(
    "INVALID_PATH",
    (thing) => `AWS does not take that as a ${thing}'s name or ${selectors[thing]}. Check the reference.`,
    [...["InvalidParameterException", "ValidationException", "ValidationError", "InvalidParameterValue"]],
  ),
}

/** What, beside its name, tells which value of a thing is meant. */
const selectors = { secret: "version or stage", parameter: "version or label" } as const

function of(reason: Reason, message: Meaning["message"], names: readonly string[]) {
  return Object.fromEntries(names.map((name) => [name, { reason, message }]))
}

/**
 * What an AWS error of that name means. The name is told, the text that came with it is not.
 * @param answer absent where the error came as a part of another answer
 */
export function namedError(
  name: string,
  { operation, thing }: { operation: string; thing: Thing },
  answer?: Pick<HttpResponse, "status" | "retryAfterMs">,
): ProviderError {
  const { status } = answer ?? {}
  const meaning = Object.hasOwn(meanings, name) ? meanings[name] : undefined
  const reason = meaning?.reason ?? (status === 429 ? "THROTTLED" : "PROVIDER_ERROR")
  const message =
    meaning?.message(thing) ?? `AWS failed to ${operation}. Try again, and look at AWS's health dashboard.`
  return failure(reason, message, answer ?? {}, operation, name)
}

/** What an error that the SDK threw means. Of the error itself nothing is used: it has the vendor's texts in it. */
export function errorOf(
  answer: HttpResponse | undefined,
  about: { operation: string; thing: Thing },
): ProviderError {
  const { operation } = about
  if (!answer) {
    return new ProviderError("PROVIDER_ERROR", "The request could not be made. Check the credentials.", {
      upstream: { operation },
    })
  }
  const name = nameIn(answer) ?? ""
  if (name !== "" || answer.status === 429 || answer.status >= 500) return namedError(name, about, answer)
  return notAws(operation, answer.status)
}

/** That what answered is something else than AWS. */
export const notAws = (operation: string, status?: number): ProviderError =>
  new ProviderError(
    "PROVIDER_ERROR",
    "What answered is not AWS. Check `region`, `endpoint` where one is set, and what stands between.",
    { upstream: { operation, ...(status === undefined ? {} : { status }) } },
  )

/**
 * What the network says of the way to AWS, in the words of a connection that has no `url`: it has a `region`, and an
 * `endpoint` at most.
 */
export function networkError(error: ProviderError): ProviderError {
  const { reason, upstream, retryAfterMs, oversized } = error
  const redirected = upstream?.status !== undefined && upstream.status >= 300 && upstream.status < 400
  const message = redirected
    ? "What answered sends requests elsewhere, which is not followed. Check `region`, `endpoint` where one is set, and what stands between."
    : /`(?:url|caCertificate)`/.test(error.message) && wayTo[reason]
  if (!message) return error
  return new ProviderError(reason, message, {
    oversized,
    ...(upstream && { upstream }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  })
}

const wayTo: Readonly<Partial<Record<Reason, string>>> = {
  UNREACHABLE:
    "AWS could not be reached. Check `region`, `endpoint` where one is set, and that firewalls let Latchkey through.",
  TLS: "What answered does not prove to be AWS. Check `endpoint` where one is set, and what stands between: TLS 1.2 or later is needed, with a certificate for that host.",
  BLOCKED_ADDRESS:
    "The address does not resolve, or is one that this deployment does not contact. Leave `endpoint` out, or ask the operator for an exception.",
  INVALID_PATH: "The address is none that requests can be sent to. Check `endpoint`.",
  PROVIDER_ERROR:
    "What answered cannot be read as AWS's answer. Check `region`, `endpoint` where one is set, and what stands between.",
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
