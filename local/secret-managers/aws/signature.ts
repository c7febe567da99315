import { createHash, createHmac, timingSafeEqual } from "node:crypto"
import type { IncomingHttpHeaders } from "node:http"
import type { Clock } from "../../../core/clock.ts"
import { AwsError, type Caller, type ServiceName } from "./protocol.ts"
import type { AwsState } from "./state.ts"

export interface SignedRequest {
  method: string
  /** With the query, as sent. */
  url: string
  headers: IncomingHttpHeaders
  body: Buffer
}

/** How far a client's clock may be off, in milliseconds. */
const skewMs = 15 * 60_000

/**
 * Who signed a request, and for which region; by Signature Version 4.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 * @throws AwsError
 */
export function verify(
  request: SignedRequest,
  service: ServiceName,
  { state, clock }: { state: AwsState; clock: Clock },
): { caller: Caller; region: string } {
  const { credential, signedHeaders, signature } = parseAuthorization(request.headers.authorization)
  const [accessKeyId = "", date = "", region = "", scopeService = "", terminator = ""] = credential.split("/")
  const signer = signerOf(accessKeyId, request.headers, state, clock)
  checkScope({ date, scopeService, terminator, service })

  const amzDate = String(request.headers["x-amz-date"] ?? "")
  checkTime(amzDate, date, clock.now())
  const names = signedHeaders.split(";")
  const demanded = [
    "host",
    "x-amz-date",
    ...("x-amz-security-token" in request.headers ? ["x-amz-security-token"] : []),
  ]
  if (!demanded.every((name) => names.includes(name))) {
    throw invalidSignature(`The request must sign the headers ${demanded.join(", ")}.`)
  }
  const scope = `${date}/${region}/${service}/aws4_request`
  const text = ["AWS4-HMAC-SHA256", amzDate, scope, sha256(canonicalRequest(request, names))].join("\n")
  const key = [date, region, service, "aws4_request"].reduce<Buffer | string>(
    hmac,
    `AWS4${signer.secretAccessKey}`,
  )
  const expected = hmac(key, text).toString("hex")
  if (
    signature.length !== expected.length ||
    !timingSafeEqual(Buffer.from(signature), Buffer.from(expected))
  ) {
    throw invalidSignature(
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
    )
  }
  return { caller: signer.caller, region }
}

function parseAuthorization(header: string | undefined) {
  if (header === undefined) {
    throw new AwsError("MissingAuthenticationTokenException", "Missing Authentication Token")
  }
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^, ]+), ?SignedHeaders=([^, ]+), ?Signature=([0-9a-f]{64})$/.exec(header)
  if (!match) throw new AwsError("IncompleteSignatureException", "Authorization header is not well-formed.")
  const [, credential = "", signedHeaders = "", signature = ""] = match
  return { credential, signedHeaders, signature }
}

/** @throws AwsError for a key that nobody has, and for a session that has ended or has another token */
function signerOf(
  accessKeyId: string,
  headers: IncomingHttpHeaders,
  { users, sessions }: AwsState,
  clock: Clock,
): { secretAccessKey: string; caller: Caller } {
  const token = headers["x-amz-security-token"]
  const user = users.get(accessKeyId)
  const session = sessions.get(accessKeyId)
  const found = user ?? session
  if (!found || token !== session?.sessionToken) {
    throw new AwsError(
      "UnrecognizedClientException",
      "The security token included in the request is invalid.",
    )
  }
  if (session && session.expiresAt <= clock.now()) {
    throw new AwsError("ExpiredTokenException", "The security token included in the request is expired")
  }
  const { arn, id, secretAccessKey } = found
  const policies = user ? [user.policy] : (session?.policies ?? [])
  return { secretAccessKey, caller: { arn, id, account: arn.split(":")[4] ?? "", policies } }
}

function checkScope(scope: {
  date: string
  scopeService: string
  terminator: string
  service: ServiceName
}): void {
  if (scope.scopeService !== scope.service) {
    throw invalidSignature(`Credential should be scoped to correct service: '${scope.service}'. `)
  }
  if (scope.terminator !== "aws4_request" || !/^\d{8}$/.test(scope.date)) {
    throw invalidSignature("Credential should be scoped with a valid terminator: 'aws4_request'. ")
  }
}

function checkTime(amzDate: string, date: string, now: number): void {
  const time = Date.parse(amzDate.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"))
  if (!amzDate.startsWith(date) || Number.isNaN(time)) {
    throw invalidSignature(
      "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP",
    )
  }
  if (Math.abs(now - time) > skewMs)
    throw invalidSignature(`Signature expired: ${amzDate} is too far from now`)
}

function canonicalRequest({ method, url, headers, body }: SignedRequest, names: readonly string[]): string {
  const [path = "/", query = ""] = url.split("?")
  const lines = names.map(
    (name) =>
      `${name}:${String(headers[name] ?? "")
        .trim()
        .replace(/ +/g, " ")}\n`,
  )
  // Paths and queries are empty in these protocols; whatever else comes is signed as it was sent.
  return [
    method,
    path,
    query.split("&").sort().join("&"),
    lines.join(""),
    names.join(";"),
    sha256(body),
  ].join("\n")
}

const sha256 = (data: string | Buffer) => createHash("sha256").update(data).digest("hex")
const hmac = (key: string | Buffer, data: string) => createHmac("sha256", key).update(data).digest()
const invalidSignature = (message: string) => new AwsError("InvalidSignatureException", message)
