import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { systemClock } from "../../core/clock.ts"
import { startVault, type VaultServer } from "../../local/secret-managers/vault/server.ts"
import { caller } from "./vault-documentation.ts"

const keys = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "made-up-key" }
const arn = "arn:aws:iam::123456789012:user/latchkey"
const serverId = "vault.example.com"

let vault: VaultServer
let call: ReturnType<typeof caller>
let now = Date.now()

beforeEach(async () => {
  now = Date.now()
  vault = await startVault({ clock: { ...systemClock, now: () => now } })
  call = caller(vault.url, vault.admin.rootToken)
  await write("sys/auth/aws", { type: "aws" })
  await write("auth/aws/config/client", { iam_server_id_header_value: serverId })
  await write("auth/aws/role/app", {
    auth_type: "iam",
    bound_iam_principal_arn: [arn],
    token_policies: ["p"],
  })
  await write(`auth/aws/sandbox/principal/${keys.accessKeyId}`, {
    secret_access_key: keys.secretAccessKey,
    arn,
  })
})
afterEach(() => vault.stop())

const write = (path: string, body: { [key: string]: string | string[] }) =>
  vault.admin.call("POST", path, { body })

interface Signed {
  url: string
  body: string
  headers: Record<string, string>
}

/** What AWS's own client would send to STS, with a header more that it signs too. */
async function sign(
  options: { credentials?: object; region?: string; header?: string | undefined } = {},
): Promise<Signed> {
  const { credentials = keys, region = "us-east-1", header = serverId } = options
  const sent = Promise.withResolvers<Signed>()
  const host = region === "us-east-1" ? "sts.amazonaws.com" : `sts.${region}.amazonaws.com`
  const sts = new STSClient({
    region,
    endpoint: `https://${host}`,
    credentials: { ...keys, ...credentials },
    maxAttempts: 1,
    requestHandler: {
      async handle(request: { headers: Record<string, string>; body: string }) {
        sent.resolve({ url: `https://${host}/`, body: request.body, headers: request.headers })
        throw new Error("Signed, not sent.")
      },
    },
  })
  sts.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> }
      if (header !== "") headers["X-Vault-AWS-IAM-Server-ID"] = header
      return next(args)
    },
    { step: "build" },
  )
  await sts.send(new GetCallerIdentityCommand()).catch(() => undefined)
  return sent.promise
}

const base64 = (text: string) => Buffer.from(text).toString("base64")

async function logIn({ url, body, headers }: Signed, role = "app") {
  const answer = await call("POST", "auth/aws/login", {
    token: "",
    body: {
      role,
      iam_http_request_method: "POST",
      iam_request_url: base64(url),
      iam_request_body: base64(body),
      iam_request_headers: base64(JSON.stringify(headers)),
    },
  })
  return answer.status === 200 ? answer.body.auth : answer.body.errors[0]
}

describe("a login by AWS", () => {
  test("is taken as AWS's own client signs it, with values or lists of them for headers", async () => {
    const signed = await sign()
    const lists = Object.fromEntries(Object.entries(signed.headers).map(([name, value]) => [name, [value]]))

    expect(await logIn(signed)).toMatchObject({ token_policies: ["default", "p"] })
    expect(await logIn({ ...signed, headers: lists as never })).toMatchObject({
      metadata: { client_arn: arn },
    })
  })

  test("takes temporary credentials with their session token alone", async () => {
    const temporary = {
      accessKeyId: "ASIAIOSFODNN7EXAMPLE",
      secretAccessKey: "other",
      sessionToken: "session",
    }
    await write(`auth/aws/sandbox/principal/${temporary.accessKeyId}`, {
      secret_access_key: "other",
      session_token: "session",
      arn,
    })
    expect(await logIn(await sign({ credentials: temporary }))).toHaveProperty("client_token")
    const without = { ...temporary, sessionToken: "forged" }
    expect(await logIn(await sign({ credentials: without }))).toMatch(/403 from STS/)
  })

  test("asks the STS that is configured", async () => {
    const regional = await sign({ region: "eu-central-1" })
    expect(await logIn(regional)).toMatch(/403 from STS/)
    await write("auth/aws/config/client", { sts_endpoint: "https://sts.eu-central-1.amazonaws.com" })
    expect(await logIn(regional)).toHaveProperty("client_token")
  })

  test.each<[string, (signed: Signed) => Signed, RegExp]>([
    ["another body", (signed) => ({ ...signed, body: `${signed.body}&x=y` }), /403 from STS/],
    ["another action", (signed) => ({ ...signed, body: "Action=GetUser" }), /not a GetCallerIdentity/],
    ["another host", (signed) => ({ ...signed, url: "https://evil.example/" }), /403 from STS/],
    ["another path", (signed) => ({ ...signed, url: `${signed.url}x` }), /iam_request_url/],
    [
      "another time",
      ({ headers, ...signed }) => ({ ...signed, headers: { ...headers, "x-amz-date": "20200101T000000Z" } }),
      /403 from STS/,
    ],
    ["no headers", (signed) => ({ ...signed, headers: {} }), /missing header/],
  ])("is refused with %s than was signed", async (_, change, message) => {
    expect(await logIn(change(await sign()))).toMatch(message)
  })

  test("is refused with wrong keys, for another role, and for a principal that the role does not bind", async () => {
    await write("auth/aws/role/others", { bound_iam_principal_arn: ["arn:aws:iam::1:user/*"] })
    const signed = await sign()

    expect(await logIn(await sign({ credentials: { secretAccessKey: "wrong" } }))).toMatch(/403 from STS/)
    expect(await logIn(await sign({ credentials: { accessKeyId: "AKIAUNKNOWN" } }))).toMatch(/403 from STS/)
    expect(await logIn(signed, "none")).toMatch(/not found/)
    expect(await logIn(signed, "others")).toMatch(/does not belong to the role/)
  })

  test("is refused where it was made for another Vault, or does not say for which", async () => {
    const signed = await sign()
    const added = await sign({ header: "" })
    added.headers["X-Vault-AWS-IAM-Server-ID"] = serverId

    expect(await logIn(await sign({ header: "other" }))).toMatch(
      /expected "vault.example.com" but got "other"/,
    )
    expect(await logIn(await sign({ header: "" }))).toMatch(/missing header/)
    expect(await logIn(added)).toMatch(/wasn't signed/)
    now += 16 * 60_000
    expect(await logIn(signed)).toMatch(/403 from STS/)
  })
})
