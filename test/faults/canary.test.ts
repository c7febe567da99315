import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import { signRotation } from "../../core/client/sign-rotation.ts"
import { type DynamoDbServer, startDynamoDb } from "../../local/dynamodb.ts"
import { type KmsServer, startKms } from "../../local/kms.ts"
import { type RedisServer, startRedis } from "../../local/redis.ts"
import type { FaultSwitches } from "../../local/secret-managers/vault/faults.ts"
import { type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts"
import {
  type Answer,
  admin,
  type Body,
  connect,
  member,
  type SandboxApi,
  service,
  startSandboxApi,
  vaultConnection,
} from "../support/sandbox-api.ts"
import { canariesIn, writingsOf } from "./writings.ts"

/**
 * Canaries stand wherever there is something to keep. Every operation is driven, well and through every failure there
 * is, and then all that went out is searched for them: answers, output, and each request to DynamoDB, KMS and Redis.
 */
const odd = 'ä "q" +/?&=%\\'
const canaries = {
  value: `canary-value ${odd}`,
  "part of a JSON value": `canary-part ${odd}`,
  "number's neighbour": "canary-neighbour-of-what-was-asked-for",
  "secret id": "canary-secret-id-0123456789",
  "new secret id": "canary-new-secret-id-0123456789",
  "token credential": "canary-token-credential-0123456789",
}
/** No secrets, but nobody's business outside audit and usage, or outside what admins see of a configuration. */
const confidences = {
  path: "canary-path-of-a-secret",
  key: "canary-key-of-a-secret",
  namespace: "canary-namespace",
  "auth mount": "canary-auth-mount",
  "probe path": "canary-probe-path",
  "role id": "canary-role-id",
  certificate: "canaryCertificateOfAnAuthority",
}
const document = `secret/data/${confidences.path}`

let api: SandboxApi
let folder: string
let redis: RedisServer
let dynamodb: DynamoDbServer
let kms: KmsServer
let wires: { redis: FaultProxy; dynamodb: FaultProxy; kms: FaultProxy }
const output: string[] = []
const answers: { name: string; answer: Answer }[] = []
/** With the credentials that only come to be on the way. */
const secrets: Record<string, string> = { ...canaries }

beforeAll(async () => {
  capture()
  vi.stubEnv("POWERTOOLS_LOG_LEVEL", "DEBUG")
  vi.stubEnv("POWERTOOLS_METRICS_DISABLED", "false")
  folder = mkdtempSync(join(tmpdir(), "latchkey-canary-"))
  redis = await startRedis({ token: "canary-redis-token" })
  dynamodb = await startDynamoDb()
  kms = await startKms({ folder })
  wires = {
    redis: await startFaultProxy(redis.url),
    dynamodb: await startFaultProxy(dynamodb.url),
    kms: await startFaultProxy(kms.url),
  }
  api = await startSandboxApi({
    external: {
      region: "us-east-1",
      redis: { url: wires.redis.url, token: redis.token },
      dynamodb: { url: wires.dynamodb.url },
      kms: { url: wires.kms.url, keyId: kms.keyId },
    },
    environment: { LATCHKEY_REQUEST_MS: "1000", LATCHKEY_RESOLVE_MS: "8000" },
    onError: (operation, error) => console.error(operation, error),
  })
  await bePatientWithRedis()
  await api.vault.admin.put(document, {
    [confidences.key]: canaries.value,
    json: { part: canaries["part of a JSON value"], number: 7 },
    other: canaries["number's neighbour"],
  })
  await driveEverything()
}, 180_000)

afterAll(async () => {
  vi.restoreAllMocks()
  await api.close()
  for (const part of [...Object.values(wires), redis, dynamodb, kms]) await part.close()
  rmSync(folder, { recursive: true })
})

/** So that Redis is told all there is to tell, on a busy machine too: its time-out is by far the shortest. */
async function bePatientWithRedis(): Promise<void> {
  // That which the functions have loaded.
  const { systemClock } = await import("../../core/clock.ts")
  const { timeout } = systemClock
  vi.spyOn(systemClock, "timeout").mockImplementation((ms) => timeout(ms < 500 ? 20 * ms : ms))
}

/** Everything that this process prints. */
function capture(): void {
  const keep = (chunk: unknown) => {
    output.push(String(chunk))
    return true
  }
  for (const stream of [process.stdout, process.stderr]) vi.spyOn(stream, "write").mockImplementation(keep)
  for (const method of ["log", "info", "warn", "error", "debug", "trace"] as const)
    vi.spyOn(console, method).mockImplementation((...parts) => void output.push(parts.map(String).join(" ")))
}

const everyField = () => ({
  url: api.vault.url,
  namespace: confidences.namespace,
  authMount: confidences["auth mount"],
  probePath: `secret/data/${confidences["probe path"]}`,
  roleId: confidences["role id"],
  secretId: canaries["secret id"],
  caCertificate: `-----BEGIN CERTIFICATE-----\n${confidences.certificate}\n-----END CERTIFICATE-----`,
})
const byToken = () => ({ url: api.vault.url, authMethod: "token", token: canaries["token credential"] })

/** A server's answer that repeats what it was sent and what it holds. */
const echo = JSON.stringify({ errors: Object.values(canaries), warnings: Object.values(confidences) })

const faults: Record<
  string,
  { vault?: FaultSwitches; part?: () => { faults: DynamoDbServer["faults"] }; mode?: "hang" | "refuse" }
> = {
  none: {},
  sealed: { vault: { sealed: true } },
  "rate limit": { vault: { status: 429, retryAfter: 7 } },
  "internal error": { vault: { status: 500, body: echo } },
  "echoing refusal": { vault: { status: 400, body: echo } },
  "echoing denial": { vault: { status: 403, body: echo } },
  "no JSON": { vault: { status: 200, body: `<h1>${canaries.value}</h1>` } },
  "other JSON": { vault: { status: 200, body: JSON.stringify({ data: Object.values(canaries) }) } },
  redirect: { vault: { status: 307, redirect: `http://127.0.0.1:9/${confidences.path}` } },
  reset: { vault: { reset: true } },
  hang: { vault: { hang: true } },
  "Redis gone": { part: () => redis, mode: "refuse" },
  "KMS gone": { part: () => kms, mode: "refuse" },
  "DynamoDB gone": { part: () => dynamodb, mode: "refuse" },
}

async function driveEverything(): Promise<void> {
  for (const [name, { vault, part, mode }] of Object.entries(faults)) {
    const platform = name.replaceAll(" ", "-")
    const ids = await prepare(platform)
    if (vault) api.vault.faults.set(vault)
    if (part && mode) part().faults.mode = mode
    await drive(platform, name, ids)
    api.vault.faults.clear()
    if (part) part().faults.mode = "answer"
    const flows = api.as(service(platform))
    const value = `{{secret://${ids.uncached}/${document}/${confidences.key}}}`
    answers.push({ name: `resolve after ${name}`, answer: await flows.post("/resolve", { value }) })
  }
  const tokens = [...api.vault.state().matchAll(/"(hv[sb]\.[^"]+)"/g)].map(([, token = ""]) => token)
  for (const [at, token] of tokens.entries()) secrets[`Vault token ${at}`] = token
  secrets["Vault secret id"] = api.vault.config.secretId
  secrets["Redis token"] = redis.token
}

/** Two connections that work: what one of them has is cached, and the other has a webhook. */
async function prepare(platform: string) {
  const ada = api.as(admin(platform))
  const cached = await connect(ada, api.vault)
  const uncached = await connect(ada, api.vault, { settings: { cacheTtlSeconds: 0 } })
  const { body } = await ada.post(`/${uncached}/webhook-secret`)
  return { cached, uncached, webhookSecret: String(body.secret) }
}

async function drive(
  platform: string,
  name: string,
  { cached, uncached, webhookSecret }: Awaited<ReturnType<typeof prepare>>,
) {
  const ada = api.as(admin(platform))
  const flows = api.as(service(platform))
  const value = {
    cached: `{{secret://${cached}/${document}/${confidences.key}}}`,
    cold: `x{{secret://${uncached}/${document}/${confidences.key}}}y`,
    part: `{{secret://${uncached}/${document}/json?pointer=/part}}`,
    missing: `{{secret://${uncached}/${document}/missing}}`,
    malformed: `{{secret://${uncached}/${document}/${confidences.key}`,
    denied: `{{secret://${uncached}/secret/data/restricted/${confidences.path}/x}}`,
  }
  const create = (config: object) => ada.post("", vaultConnection(api.vault, { config }))
  const newSecretId = { secretId: canaries["new secret id"] }
  const calls: Record<string, Promise<Answer>> = {
    resolve: flows.post("/resolve", { value: value.cold }),
    "resolve, reported": flows.post("/resolve", { value, onError: "report" }),
    validate: flows.post("/validate", { value }),
    "validate as admin": ada.post("/validate", {
      value: { ...value, gone: value.cold.replace(uncached, `smc_${"g".repeat(21)}`) },
    }),
    list: ada.get(""),
    get: ada.get(`/${uncached}`),
    "list as member": api.as(member(platform, "p1")).get("/?projectId=p1"),
    test: ada.post(`/${uncached}/test`),
    "test of every field": ada.post("/test", { providerId: "hashicorp", config: everyField() }),
    "create of every field": create(everyField()),
    "create by token": create(byToken()),
    "create of another's field": create({ ...byToken(), ...everyField() }),
    "update to a wrong secret": ada.patch(`/${uncached}`, { config: newSecretId }),
    "update to elsewhere": ada.patch(`/${uncached}`, {
      config: { ...newSecretId, namespace: confidences.namespace },
    }),
    rename: ada.patch(`/${cached}`, { name: "Renamed" }),
    clear: flows.delete(`/cache?connectionId=${uncached}`),
    "resolve directly": invokeDirectly({ platformId: platform, value }),
    usage: ada.get(`/${uncached}/usage`),
    browse: ada.post(`/${cached}/browse`, { prefix: "secret/data/" }),
    "webhook secret": ada.post(`/${uncached}/webhook-secret`),
    rotated: rotated(platform, uncached, webhookSecret),
    "rotated, with another secret": rotated(platform, uncached, canaries["secret id"]),
    "rotated, malformed": rotated(platform, uncached, webhookSecret, `{"paths":"${canaries["secret id"]}"}`),
    "malformed body": ada.post("", `{"config":{"secretId":"${canaries["secret id"]}"`),
    denied: api.as(member(platform, "p1")).post("", vaultConnection(api.vault, { config: everyField() })),
    "no route": ada.get(`/x/${confidences.path}`),
    "unknown token": api.withToken(canaries["token credential"]).get(""),
  }
  for (const [call, answer] of Object.entries(calls))
    answers.push({ name: `${call} with ${name}`, answer: await answer })
  secrets[`webhook secret with ${name}`] = webhookSecret
  const { body } = (await calls["webhook secret"]) ?? {}
  if (body?.secret) secrets[`second webhook secret with ${name}`] = String(body.secret)
}

/** As whoever rotates secrets would, without a token. */
async function rotated(
  platformId: string,
  id: string,
  secret: string,
  body = JSON.stringify({ paths: [document] }),
): Promise<Answer> {
  const signature = await signRotation({ secret, platformId, id, body })
  return api.as().call("POST", `/rotated/${platformId}/${id}`, body, { "latchkey-signature": signature })
}

/** As another function of the account would. */
async function invokeDirectly(payload: object): Promise<Answer> {
  const path = "/2015-03-31/functions/latchkey-resolve-direct:sandbox/invocations"
  const response = await fetch(api.sandbox.lambda + path, {
    method: "POST",
    headers: { authorization: "AWS4-HMAC-SHA256 sandbox" },
    body: JSON.stringify({ ...payload, onError: "report" }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) }
}

/**
 * An answer without the only places in which something may stand: values of a resolution, paths of a validation,
 * configurations, a webhook's secret when it is made.
 */
function restOf({ text, body, headers }: Answer): string {
  const { value: _value, config: _config, secret: _secret, ...rest } = body as Record<string, Body>
  const data = Array.isArray(body.data)
    ? body.data.map(({ config: _config, path: _path, name: _name, ...one }: Body) => one)
    : []
  const references = Array.isArray(body.references)
    ? body.references.map(({ path: _path, ...one }: Body) => one)
    : []
  const plain = text.startsWith("{") ? JSON.stringify({ ...rest, data, references }) : text
  return plain + JSON.stringify([...headers])
}

/** What DynamoDB was told, as text and as the bytes of its attributes, by table. */
function writtenTo(table: string): string {
  return wires.dynamodb.sent
    .filter(({ body }) => body.includes(table))
    .flatMap(({ body }) => {
      const text = body.toString()
      const bytes = [...text.matchAll(/"B":"([A-Za-z0-9+/=]+)"/g)].map(([, base64 = ""]) =>
        Buffer.from(base64, "base64").toString("latin1"),
      )
      return [text, ...bytes]
    })
    .join("\n")
}

describe("nothing that is to be kept", () => {
  test("is in any answer, save values where they were asked for", () => {
    const everything = { ...secrets, ...confidences }
    const found = canariesIn(answers.map(({ answer }) => restOf(answer)).join("\n"), everything)
    const where = answers.filter(
      ({ answer }) => found.length > 0 && canariesIn(restOf(answer), everything).length > 0,
    )
    expect({ found, where: where.map(({ name }) => name) }).toEqual({ found: [], where: [] })
    const values = answers.filter(({ answer }) => answer.text.includes("canary-value"))
    expect(values.length).toBeGreaterThan(0)
    expect(values.every(({ name }) => name.startsWith("resolve"))).toBe(true)
    const made = answers.filter(({ answer }) => answer.body.secret !== undefined)
    expect(made.length).toBeGreaterThan(0)
    expect(made.every(({ name }) => name.startsWith("webhook secret"))).toBe(true)
  })

  test("is in a configuration that is shown, save what is no secret", () => {
    const shown = answers.flatMap(({ answer: { body } }) => {
      const data = Array.isArray(body.data) ? (body.data as Body[]) : []
      return [body.config, ...data.map(({ config }) => config)]
    })
    expect(canariesIn(JSON.stringify(shown), secrets)).toEqual([])
    expect(JSON.stringify(shown)).toContain('"secretId":{"set":true}')
  })

  test("is in any line of log or metric, or anything else that is printed", () => {
    const text = output.join("\n")
    expect(canariesIn(text, { ...secrets, ...confidences })).toEqual([])
    expect(text).toContain('"operation":"resolve"')
    expect(text).toContain('"Namespace":"Latchkey"')
  })

  test("is in what the system shows of the process", () => {
    const shown = [process.title, ...process.argv, ...process.execArgv].join("\n")
    expect(canariesIn(shown, { ...secrets, ...confidences })).toEqual([])
  })

  test("is in what Redis is told", () => {
    const text = wires.redis.sent.map(({ body }) => body.toString()).join("\n")
    const { "Redis token": _own, ...others } = secrets
    expect(canariesIn(text, { ...others, ...confidences })).toEqual([])
    const decoded = [...text.matchAll(/"([A-Za-z0-9+/=]{24,})"/g)].map(([, base64 = ""]) =>
      Buffer.from(base64, "base64").toString("latin1"),
    )
    expect(canariesIn(decoded.join("\n"), { ...others, ...confidences })).toEqual([])
    expect(decoded.length).toBeGreaterThan(50)
  })

  test("is in what the table of connections is told", () => {
    const text = writtenTo("latchkey-connections")
    expect(canariesIn(text, { ...secrets, ...confidences })).toEqual([])
    expect(text).toContain("wrappedKey")
    expect(text).toContain("webhookClears")
  })

  test("is in audit and usage, save paths", () => {
    const { path, key, ...others } = confidences
    for (const table of ["latchkey-audit", "latchkey-usage"]) {
      const text = writtenTo(table)
      expect([table, canariesIn(text, { ...secrets, ...others })]).toEqual([table, []])
      expect(text).toContain(`${path}/${key}`)
    }
  })

  test("is in what KMS is told", () => {
    const text = wires.kms.sent.map(({ body }) => body.toString()).join("\n")
    expect(canariesIn(text, { ...secrets, ...confidences })).toEqual([])
    expect(text).toContain('"purpose":"config"')
  })

  test("is missed by this search, in whatever writing", () => {
    for (const canary of Object.values(canaries)) {
      for (const writing of writingsOf(canary))
        expect(canariesIn(`..${writing}..`, { canary })).toEqual(["canary"])
      for (const around of ["", "a", "ab", "abc"])
        for (const encoding of ["base64", "base64url", "hex"] as const)
          expect(
            canariesIn(Buffer.from(`${around}${canary}${around}`).toString(encoding), { canary }),
          ).toEqual(["canary"])
    }
  })
})

describe("whatever failed", () => {
  test("made answers fail", () => {
    const failures = (fault: string) =>
      answers.filter(({ name, answer }) => name.endsWith(` with ${fault}`) && answer.status >= 424)
    for (const fault of Object.keys(faults).filter((fault) => fault !== "none" && !fault.startsWith("Redis")))
      expect([fault, failures(fault).length]).not.toEqual([fault, 0])
    const statusOf = (call: string) => answers.find(({ name }) => name === `${call} with none`)?.answer.status
    expect(["resolve", "webhook secret", "rotated"].map(statusOf)).toEqual([200, 200, 202])
    expect(["rotated, with another secret", "rotated, malformed"].map(statusOf)).toEqual([401, 400])
  })

  test("was no bug", () => {
    expect(
      answers.filter(({ answer }) => answer.body.code === ("INTERNAL" as unknown)).map(({ name }) => name),
    ).toEqual([])
  })
})
