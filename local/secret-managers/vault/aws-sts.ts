import { createHash, createHmac } from "node:crypto"
import { type IncomingMessage, request } from "node:http"

/** Someone whom AWS knows by an access key. */
export interface AwsPrincipal {
  secretAccessKey: string
  /** Of temporary credentials; empty for a user's. */
  sessionToken: string
  arn: string
}

/** A request to STS as Vault was handed it. */
export interface StsRequest {
  host: string
  body: string
  /** Lower-case names. */
  headers: ReadonlyMap<string, string>
}

/** AWS takes a signature for so long before and after its time. */
const validMs = 15 * 60_000
const form =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^/]+)\/([^/]+)\/sts\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/

/**
 * STS in place of AWS's: who signed a `GetCallerIdentity` by Signature Version 4, or undefined where STS would answer 403.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function callerIdentity(
  { host, body, headers }: StsRequest,
  principals: ReadonlyMap<string, AwsPrincipal>,
  now: number,
): AwsPrincipal | undefined {
  const parsed = form.exec(headers.get("authorization") ?? "")
  const [, keyId = "", date = "", region = "", signedHeaders = "", signature = ""] = parsed ?? []
  const principal = principals.get(keyId)
  const time = headers.get("x-amz-date") ?? ""
  const names = signedHeaders.split(";")
  if (parsed === null || principal === undefined) return undefined
  if (!time.startsWith(date) || Math.abs(now - timeOf(time)) > validMs) return undefined
  if (region !== (/^sts\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/.exec(host)?.[1] ?? "us-east-1"))
    return undefined
  if ((headers.get("x-amz-security-token") ?? "") !== principal.sessionToken) return undefined
  const mustBeSigned = ["host", ...[...headers.keys()].filter((name) => name.startsWith("x-amz-"))]
  if (mustBeSigned.some((name) => !names.includes(name)) || names.join() !== names.toSorted().join())
    return undefined

  const valueAt = (name: string) =>
    name === "host" ? host : (headers.get(name) ?? "").trim().replace(/ +/g, " ")
  const canonical = `POST\n/\n\n${names.map((name) => `${name}:${valueAt(name)}\n`).join("")}\n${signedHeaders}\n${hash(body)}`
  const toSign = `AWS4-HMAC-SHA256\n${time}\n${date}/${region}/sts/aws4_request\n${hash(canonical)}`
  const key = [date, region, "sts", "aws4_request"].reduce<Buffer | string>(
    (secret, part) => createHmac("sha256", secret).update(part).digest(),
    `AWS4${principal.secretAccessKey}`,
  )
  return createHmac("sha256", key).update(toSign).digest("hex") === signature ? principal : undefined
}

/** The same of an STS at an address of its own, which is sent the request as it was signed, for the host that it names. */
export async function askForCaller(
  endpoint: URL,
  { host, body, headers }: StsRequest,
): Promise<string | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const options = { method: "POST", headers: { ...Object.fromEntries(headers), host } }
  request(new URL("/", endpoint), options, resolve).on("error", reject).end(body)
  const answer = await promise
  const text = Buffer.concat(await answer.toArray()).toString()
  return answer.statusCode === 200 ? /<Arn>([^<]+)<\/Arn>/.exec(text)?.[1] : undefined
}

const hash = (text: string) => createHash("sha256").update(text).digest("hex")

function timeOf(basic: string): number {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(basic) ?? []
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
}
