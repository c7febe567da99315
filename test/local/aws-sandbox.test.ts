import {
  GetSecretValueCommand,
  ListSecretsCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager"
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { type Clock, systemClock } from "../../core/clock.ts"
import { type AwsOptions, type AwsServer, startAws } from "../../local/secret-managers/aws/server.ts"

let server: AwsServer
const time = { offset: 0, slept: [] as number[] }
const clock: Clock = {
  ...systemClock,
  now: () => Date.now() + time.offset,
  sleep: async (ms) => {
    time.slept.push(ms)
  },
}

const start = async (options: AwsOptions = {}) => {
  server = await startAws({ demo: true, clock, ...options })
}
const settings = (change: object = {}) => {
  const { accessKeyId, secretAccessKey, region, endpoint } = { ...server.config, ...change }
  return { region, endpoint, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 }
}
const read = (SecretId: string, change: object = {}) =>
  new SecretsManagerClient(settings(change)).send(new GetSecretValueCommand({ SecretId }))
const control = (method: string, path: string, body?: unknown) =>
  fetch(`${server.url}/sandbox/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })

beforeEach(async () => {
  Object.assign(time, { offset: 0, slept: [] })
  await start()
})
afterEach(() => server.stop())

describe("the sandbox's own connection", () => {
  test("reads and lists the demo secrets, and is refused what its policy denies", async () => {
    const { SecretString = "" } = await read("prod/db")
    expect(JSON.parse(SecretString).password).toMatch(/fake/)
    expect((await read("prod/keystore")).SecretBinary).toHaveLength(48)
    await expect(read("prod/retired")).rejects.toMatchObject({ name: "InvalidRequestException" })
    await expect(read("restricted/root-ca")).rejects.toMatchObject({ name: "AccessDeniedException" })
    const listed = await new SecretsManagerClient(settings()).send(new ListSecretsCommand({}))
    const names = listed.SecretList?.map(({ Name }) => Name)
    expect(names).toContain("staging/db")
    expect(names).not.toContain("prod/retired")
  })

  test("lives on after a restart, with everything that was written", async () => {
    server.admin.put("mine", '{"$map":[["a",1]]}')
    const { config } = server
    const state = server.state()
    await server.stop()
    await start({ state })
    expect(server.config).toEqual({ ...config, endpoint: server.url })
    expect((await read("mine")).SecretString).toBe('{"$map":[["a",1]]}')
  })
})

describe("signatures", () => {
  test("must be there, of a key that is known, and right", async () => {
    await expect(read("prod/db", { secretAccessKey: "wrong" })).rejects.toMatchObject({
      name: "InvalidSignatureException",
    })
    await expect(read("prod/db", { accessKeyId: "AKIAIOSFODNN7EXAMPLE" })).rejects.toMatchObject({
      name: "UnrecognizedClientException",
    })
    const unsigned = await fetch(server.url, {
      method: "POST",
      headers: { "x-amz-target": "secretsmanager.ListSecrets" },
      body: "{}",
    })
    expect([unsigned.status, (await unsigned.json()).__type]).toEqual([
      400,
      "MissingAuthenticationTokenException",
    ])
  })

  test("cover the body", async () => {
    const client = new SecretsManagerClient(settings())
    client.middlewareStack.add(
      (next) => (args) => {
        const request = args.request as { body: string }
        request.body = '{"SecretId": "prod/db"}'
        return next(args)
      },
      { step: "finalizeRequest", priority: "low" },
    )
    await expect(client.send(new GetSecretValueCommand({ SecretId: "other" }))).rejects.toThrow()
  })

  test("are refused from another time", async () => {
    time.offset = 16 * 60_000
    await expect(read("prod/db")).rejects.toMatchObject({ name: "InvalidSignatureException" })
  })

  test("of STS are refused by the names of STS", async () => {
    const wrong = new STSClient(settings({ secretAccessKey: "wrong" }))
    await expect(wrong.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: "SignatureDoesNotMatch",
      $metadata: { httpStatusCode: 403 },
    })
    const { Account } = await new STSClient(settings()).send(new GetCallerIdentityCommand({}))
    expect(Account).toBe("111122223333")
  })
})

describe("switches", () => {
  test("make it fail as AWS would, for some requests or some operations", async () => {
    await control("POST", "faults", { error: "ThrottlingException", times: 1, slowMs: 700 })
    await expect(read("prod/db")).rejects.toMatchObject({ name: "ThrottlingException" })
    expect(time.slept).toEqual([700])
    expect((await read("prod/db")).Name).toBe("prod/db")
    await control("POST", "faults", { status: 500, operation: "ListSecrets" })
    expect((await read("prod/db")).Name).toBe("prod/db")
    expect((await control("POST", "faults", { unknown: 1 })).status).toBe(400)
  })

  test("rotate the demo's parameters too", async () => {
    const name = "/prod/db/password"
    const parameter = () => server.admin.call("GetParameters", { Names: [name], WithDecryption: true })
    const before = parameter()
    expect(await (await control("POST", "rotate", { name })).json()).toEqual({ rotated: [name] })
    expect(parameter()).not.toEqual(before)
    await control("POST", "rotate", { name, value: "chosen" })
    expect(parameter()).toMatchObject({ Parameters: [{ Value: "chosen", Version: 3 }] })
    const { rotated } = (await (await control("POST", "rotate")).json()) as { rotated: string[] }
    expect(rotated).toEqual(expect.arrayContaining([name, "prod/stripe"]))
  })

  test("rotate secrets, and keep the version before", async () => {
    const before = (await read("prod/stripe")).SecretString
    expect(await (await control("POST", "rotate", { name: "prod/stripe" })).json()).toEqual({
      rotated: ["prod/stripe"],
    })
    expect((await read("prod/stripe")).SecretString).not.toBe(before)
    const client = new SecretsManagerClient(settings())
    const previous = new GetSecretValueCommand({ SecretId: "prod/stripe", VersionStage: "AWSPREVIOUS" })
    expect((await client.send(previous)).SecretString).toBe(before)
  })

  test("show what came in, without signatures", async () => {
    await read("prod/db")
    const shown = await (await control("GET", "requests")).json()
    expect(shown.counts).toEqual({ GetSecretValue: 1 })
    expect(shown.list[0].headers.authorization).toMatch(/^sha256:/)
    expect(server.requests.contain("prod/db")).toBe(true)
  })

  test("are not for other web pages", async () => {
    const foreign = await fetch(`${server.url}/sandbox/requests`, {
      headers: { origin: "https://evil.example" },
    })
    expect(foreign.status).toBe(403)
  })
})
