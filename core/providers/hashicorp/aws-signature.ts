import type { AwsCredentials } from "../aws/deployment.ts"

export interface AwsPost {
  /** Without path and query: the request goes to `/`. */
  host: string
  region: string
  service: string
  /** All of them are signed, with `host` and the date beside. Lower-case names, values without spaces at their ends or twice in a row. */
  headers: Readonly<Record<string, string>>
  body: string
  /** In milliseconds since the epoch. */
  now: number
}

/**
 * The headers of a POST to `/`, signed: AWS Signature Version 4, of the requests that Latchkey signs without a vendor's
 * client. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export async function signPost(
  { host, region, service, headers, body, now }: AwsPost,
  { accessKeyId, secretAccessKey, sessionToken }: AwsCredentials,
): Promise<Record<string, string>> {
  const time = new Date(now).toISOString().replace(/[-:]|\.\d+/g, "")
  const date = time.slice(0, 8)
  const all: Record<string, string> = {
    ...headers,
    host,
    "x-amz-date": time,
    ...(sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken.reveal() }),
  }
  const names = Object.keys(all).sort()
  const signedHeaders = names.join(";")
  const canonicalHeaders = names.map((name) => `${name}:${all[name]}\n`).join("")
  const request = ["POST", "/", "", canonicalHeaders, signedHeaders, await sha256(body)].join("\n")

  const scope = `${date}/${region}/${service}/aws4_request`
  const toSign = ["AWS4-HMAC-SHA256", time, scope, await sha256(request)].join("\n")
  let key: Uint8Array = Buffer.from(`AWS4${secretAccessKey.reveal()}`)
  for (const part of [date, region, service, "aws4_request"]) key = await hmac(key, part)
  const signature = Buffer.from(await hmac(key, toSign)).toString("hex")
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`
  return { ...all, authorization }
}

async function sha256(text: string): Promise<string> {
  return Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(text))).toString("hex")
}

async function hmac(key: Uint8Array, text: string): Promise<Uint8Array> {
  const algorithm = { name: "HMAC", hash: "SHA-256" }
  const imported = await crypto.subtle.importKey("raw", Buffer.from(key), algorithm, false, ["sign"])
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, Buffer.from(text)))
}
