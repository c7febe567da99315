import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { createTokenVerifier } from "../../core/auth/token.ts"
import { systemClock } from "../../core/clock.ts"
import { listen } from "../../local/http-server.ts"
import { type Sandbox, type SandboxOptions, startSandbox } from "../../local/sandbox.ts"
import type { SecretManagerModule } from "../../local/secret-manager.ts"
import { toyService } from "./toy-service.ts"

let folder: string
let open: Sandbox[] = []
const before = { ...process.env }

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "latchkey-sandbox-"))
})

afterEach(async () => {
  for (const sandbox of open) await sandbox.close()
  open = []
  rmSync(folder, { recursive: true })
  process.env = { ...before }
})

async function start(options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({
    port: 0,
    dataDir: join(folder, "data"),
    loadService: toyService().loadService,
    ...options,
  })
  open.push(sandbox)
  return sandbox
}

/** A secret manager that answers nothing, but keeps a credential from start to start. */
const toyVault: SecretManagerModule = {
  providerId: "hashicorp",
  start: async ({ port, state }) => {
    const secretId = state ?? crypto.randomUUID()
    const server = await listen((_, response) => response.end(), { port })
    return {
      ...server,
      providerId: "hashicorp",
      name: "Toy",
      config: { url: server.url, secretId },
      demo: { path: "secret/data/app/key", value: "fake" },
      state: () => secretId,
    }
  },
}

describe("the sandbox", () => {
  test("gives the functions their environment before it loads them", async () => {
    process.env.AWS_PROFILE = "the-user's-own"
    const { loadService, environment } = toyService()
    const { parts } = await start({ loadService })
    expect(environment).toMatchObject({
      LATCHKEY_SANDBOX: "1",
      POWERTOOLS_SERVICE_NAME: "latchkey-sandbox",
      CONNECTIONS_TABLE: "latchkey-connections",
      AUDIT_TABLE: "latchkey-audit",
      USAGE_TABLE: "latchkey-usage",
      KMS_KEY_ID: parts.kms?.keyId,
      UPSTASH_REDIS_REST_URL: parts.redis?.url,
      UPSTASH_REDIS_REST_TOKEN: parts.redis?.token,
      AWS_REGION: "us-east-1",
      AWS_ENDPOINT_URL_DYNAMODB: parts.dynamodb?.url,
      AWS_ENDPOINT_URL_KMS: parts.kms?.url,
      AWS_ACCESS_KEY_ID: "sandbox",
    })
    expect(JSON.parse(environment.LATCHKEY_ISSUERS ?? "")).toEqual([parts.identity.issuer])
    expect(JSON.parse(environment.LATCHKEY_OUTBOUND ?? "")).toEqual({
      allowHttp: true,
      allowLoopback: true,
      exceptions: [],
    })
    expect(environment.AWS_PROFILE).toBeUndefined()
  })

  test("serves the API to whoever has one of its tokens", async () => {
    const { api, tokens, parts } = await start()
    expect((await fetch(api)).status).toBe(500) // the toy's only problem
    expect((await fetch(api, { headers: { authorization: `Bearer ${tokens.admin}` } })).status).toBe(200)
    expect(parts.gateway.requests.all()).toEqual({ GET: 2 })
  })

  test("signs tokens that last beyond a restart", async () => {
    const first = await start()
    await first.close()
    const { parts, tokens } = await start()
    const { verify } = createTokenVerifier({ issuers: [parts.identity.issuer], clock: systemClock })
    expect(await verify(first.tokens.admin)).toMatchObject({ platformId: "acme", role: "ADMIN" })
    expect(await verify(tokens.service)).toMatchObject({ platformId: "acme", type: "SERVICE" })
  })

  test("keeps data and keys from start to start, for its owner alone", async () => {
    const first = await start()
    const Item = { pk: { S: "acme" }, sk: { S: "x" } }
    const TableName = "latchkey-connections"
    await new DynamoDBClient().send(new PutItemCommand({ TableName, Item }))
    await first.close()
    const second = await start()
    expect(second.parts.kms?.keyId).toBe(first.parts.kms?.keyId)
    expect((await new DynamoDBClient().send(new GetItemCommand({ TableName, Key: Item }))).Item).toEqual(Item)
    const data = join(folder, "data")
    expect(statSync(data).mode & 0o777).toBe(0o700)
    expect(statSync(join(data, "identity.json")).mode & 0o777).toBe(0o600)
    expect(readdirSync(data).filter((name) => name.endsWith(".tmp"))).toEqual([])
  })

  test("uses real servers where it is told of them", async () => {
    const { loadService, environment } = toyService()
    const { parts } = await start({
      loadService,
      external: {
        region: "eu-west-1",
        kms: { url: "http://127.0.0.1:9", keyId: "k" },
        redis: { url: "http://127.0.0.1:9", token: "t" },
        issuers: [{ issuer: "https://id.example" }],
      },
    })
    expect([parts.kms, parts.redis]).toEqual([undefined, undefined])
    expect(environment).toMatchObject({
      AWS_REGION: "eu-west-1",
      KMS_KEY_ID: "k",
      UPSTASH_REDIS_REST_TOKEN: "t",
      AWS_ACCESS_KEY_ID: "sandbox",
    })
    expect(JSON.parse(environment.LATCHKEY_ISSUERS ?? "")).toHaveLength(2)
  })
})

describe("the demo", () => {
  test("makes a connection on the first start, and leaves it alone on the next", async () => {
    const toy = toyService()
    const options = { loadService: toy.loadService, secretManagers: [toyVault] }
    const first = await start(options)
    const [entry] = first.demo
    expect(entry).toMatchObject({
      providerId: "hashicorp",
      connectionId: "sandboxHashicorp00000",
      path: "secret/data/app/key",
      reference: "{{secret://sandboxHashicorp00000/secret/data/app/key}}",
      value: "fake",
    })
    await first.close()
    const second = await start(options)
    expect(second.demo).toEqual(first.demo)
    expect(toy.calls).toEqual(["create sandboxHashicorp00000"])
  })

  test("updates the connection where its server had to move", async () => {
    const toy = toyService()
    const options = { loadService: toy.loadService, secretManagers: [toyVault] }
    const first = await start(options)
    await first.close()
    const squatter = createServer().listen(first.parts.secretManagers[0]?.port, "127.0.0.1")
    const second = await start(options)
    squatter.close()
    expect(toy.calls).toEqual(["create sandboxHashicorp00000", "update sandboxHashicorp00000"])
    expect(second.demo[0]?.config.url).not.toBe(first.demo[0]?.config.url)
    expect(second.demo[0]?.config.secretId).toBe(first.demo[0]?.config.secretId)
    expect(toy.connections.get("sandboxHashicorp00000")).toMatchObject({ config: second.demo[0]?.config })
  })

  test("is left out on request", async () => {
    const toy = toyService()
    const { demo, parts } = await start({
      loadService: toy.loadService,
      secretManagers: [toyVault],
      demo: false,
    })
    expect([demo, parts.secretManagers, toy.calls]).toEqual([[], [], []])
  })

  test("writes no credential of its servers outside their own file", async () => {
    const sandbox = await start({ secretManagers: [toyVault] })
    const secretId = sandbox.demo[0]?.config.secretId
    expect(secretId).toMatch(/^[0-9a-f-]{36}$/)
    expect(readFileSync(join(folder, "data", "state.json"), "utf8")).not.toContain(secretId)
    expect(statSync(join(folder, "data", "hashicorp.json")).mode & 0o777).toBe(0o600)
  })
})

describe("a start that cannot be", () => {
  test("says so when another sandbox uses the folder", async () => {
    await start()
    await expect(start()).rejects.toThrow(/is in use by another sandbox \(process \d+\); stop it or choose/)
  })

  test("says so when the port is taken, and leaves nothing behind", async () => {
    const squatter = createServer()
    const port = await new Promise<number>((resolve) =>
      squatter.listen(0, "127.0.0.1", () => resolve((squatter.address() as { port: number }).port)),
    )
    await expect(start({ port })).rejects.toThrow(`port ${port} is in use`)
    squatter.close()
    expect(readdirSync(join(folder, "data")).filter((name) => name.startsWith("lock"))).toEqual([])
    await start()
  })
})
