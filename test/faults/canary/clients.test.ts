import { inspect } from "node:util"
import { LambdaClient } from "@aws-sdk/client-lambda"
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"
import { type Client, createClient } from "../../../core/client/index.ts"
import { createLambdaClient } from "../../../core/client-lambda/index.ts"
import { served } from "../../../core/contract/routes.ts"
import { type Fault, type FaultProxy, type Sent, startFaultProxy } from "../../support/fault-proxy.ts"
import { admin, connect, service } from "../../support/sandbox-api.ts"
import { type Canaries, canary, canaryOf, searchFor } from "./search.ts"
import { type Stage, startStage } from "./stage.ts"

/** What clients hold, and what they are given to send. */
const names = { path: canary("path"), key: canary("key") }
const given = {
  "a secret id": canary("secret-id"),
  "a webhook's secret": canary("webhook-secret"),
  "a value": canary("value"),
}
const key = { accessKeyId: "AKIACANARYOFLAMBDA00", secretAccessKey: canary("secret-access-key") }
const sessionToken = canary("session-token")

let stage: Stage
let api: FaultProxy
let lambda: FaultProxy
let id: string
/** Of a connection whose failures nobody has seen. */
let anotherId: string
let tokens: Record<"admin" | "service", string>
let secrets: Canaries

beforeAll(async () => {
  stage = await startStage()
  const { sandbox, vault } = stage.api
  api = await startFaultProxy(sandbox.api)
  lambda = await startFaultProxy(sandbox.lambda)
  await vault.admin.put(`secret/data/${names.path}`, { [names.key]: given["a value"] })
  id = await connect(stage.api.as(admin("acme")), vault)
  anotherId = await connect(stage.api.as(admin("acme")), vault)
  const { signToken } = sandbox.parts.identity
  tokens = { admin: await signToken(admin("acme")), service: await signToken(service("acme")) }
  secrets = {
    ...given,
    "an admin's token": canaryOf(tokens.admin),
    "a service's token": canaryOf(tokens.service),
    "an access key": key.secretAccessKey,
    "a session's token": sessionToken,
  }
}, 60_000)

afterEach(() => {
  for (const wire of [api, lambda]) wire.faultOf = () => undefined
})

afterAll(async () => {
  for (const wire of [api, lambda]) await wire.close()
  await stage.close()
})

const value = (of = id) => `{{secret://${of}/secret/data/${names.path}/${names.key}}}`
const config = () => ({ ...stage.api.vault.config, secretId: given["a secret id"] })

/** Every method, with canaries in all that it takes. */
const calls = (
  client: Client,
  options: { signal?: AbortSignal },
): Record<keyof Client, () => Promise<unknown>> => ({
  listProviders: () => client.listProviders({}, options),
  listConnections: () => client.listConnections({ projectId: "p1" }, options),
  connections: () => client.connections({ projectId: "p1" }, options).next(),
  getConnection: () => client.getConnection({ id }, options),
  createConnection: () =>
    client.createConnection(
      { providerId: "hashicorp", name: "x", scope: "PLATFORM", config: config() },
      options,
    ),
  updateConnection: () =>
    client.updateConnection({ id, config: { secretId: given["a secret id"] } }, { ...options, ifMatch: 1 }),
  testUnsaved: () => client.testUnsaved({ providerId: "hashicorp", config: config() }, options),
  testConnection: () => client.testConnection({ id }, options),
  clearCache: () => client.clearCache({ connectionId: id }, options),
  resolve: () => client.resolve({ value: value() }, options),
  validate: () => client.validate({ value: value() }, options),
  browse: () => client.browse({ id, prefix: `secret/data/${names.path}` }, options),
  usage: () => client.usage({ id }, options),
  audit: () => client.audit({ connectionId: id }, options),
  webhookSecret: () => client.webhookSecret({ id }, options),
  rotated: () =>
    client.rotated(
      { platformId: "acme", id, paths: [`secret/data/${names.path}`] },
      { ...options, secret: given["a webhook's secret"] },
    ),
  document: () => client.document({}, options),
  deleteConnection: () => client.deleteConnection({ id: `smc_${"g".repeat(21)}` }, options),
})

/** All that a program could print of an error. */
function textOf(error: unknown): string {
  const json = () => {
    try {
      return JSON.stringify([error, { ...(error as object) }])
    } catch {
      return ""
    }
  }
  const { stack } = error as Error
  return [
    inspect(error, { depth: null, showHidden: true, getters: true }),
    inspect(error),
    String(error),
    json(),
    stack,
  ].join("\n")
}

/** By canary, in what was thrown where. */
function found(thrown: Readonly<Record<string, unknown>>) {
  const search = searchFor(secrets)
  const hits = Object.entries(thrown).map(([where, error]) => [where, search(textOf(error))] as const)
  return Object.fromEntries(hits.filter(([, names]) => names.length > 0))
}

const echo = ({ path, headers, body }: Sent, status: number): Fault => ({
  status,
  headers: { "x-echo": String(headers.authorization), "content-type": "application/json" },
  body: JSON.stringify({ message: `${path} ${JSON.stringify(headers)} ${body}` }),
})

const faults: Record<string, (request: Sent) => Fault | undefined> = {
  "a reset": () => "reset",
  silence: () => "hang",
  "half an answer": () => "cut",
  "a refusal that echoes": (request) => echo(request, 403),
  "a failure that echoes": (request) => echo(request, 500),
  "success that echoes": ({ headers }) => ({ status: 200, body: JSON.stringify(headers).slice(1) }),
  "a page": ({ headers }) => ({ status: 502, body: `<h1>${JSON.stringify(headers)}</h1>` }),
  "a redirect": ({ headers }) => ({
    status: 307,
    headers: { location: `http://127.0.0.1:9/?${encodeURIComponent(String(headers.authorization))}` },
  }),
}

/** What each call throws. What does not throw shows as such. */
async function thrownBy(
  calls: Readonly<Record<string, () => Promise<unknown>>>,
): Promise<Record<string, unknown>> {
  const thrown: Record<string, unknown> = {}
  for (const [name, call] of Object.entries(calls))
    thrown[name] = await call().then(
      () => "nothing",
      (error: unknown) => error,
    )
  return thrown
}

const notThrown = (thrown: Readonly<Record<string, unknown>>) =>
  Object.keys(thrown).filter((name) => !(thrown[name] instanceof Error))

const inTime = () => ({ signal: AbortSignal.timeout(1_000) })

describe("nothing of what the client over HTTP holds or was given is in what it throws", () => {
  const clientOf = (token: string) => createClient({ baseUrl: api.url, token })

  test.for(Object.entries(faults))("after %s", async ([, fault]) => {
    api.faultOf = fault
    const thrown = await thrownBy(calls(clientOf(tokens.admin), inTime()))
    expect(notThrown(thrown)).toEqual([])
    expect(found(thrown)).toEqual({})
  })

  test("where nobody listens", async () => {
    await api.shut()
    const thrown = await thrownBy(calls(clientOf(tokens.admin), {}))
    await api.reopen()
    expect(notThrown(thrown)).toEqual([])
    expect(found(thrown)).toEqual({})
  })

  test("that Latchkey has refused or that has failed", async () => {
    stage.api.vault.faults.set({ status: 500, body: JSON.stringify({ errors: Object.values(given) }) })
    const byAdmin = await thrownBy(calls(clientOf(tokens.admin), {}))
    const byService = await thrownBy(calls(clientOf(tokens.service), {}))
    stage.api.vault.faults.clear()
    const byNobody = await thrownBy(calls(clientOf(`${tokens.admin}x`), {}))
    const open = ["rotated", "document"]
    expect(notThrown(byNobody)).toEqual(open.filter((method) => method !== "rotated"))
    expect(notThrown(byAdmin)).not.toContain("createConnection")
    expect(notThrown(byService)).not.toContain("resolve")
    for (const thrown of [byAdmin, byService, byNobody]) expect(found(thrown)).toEqual({})
  })

  test("because the token was no token", async () => {
    const malformed = (token: string) => [`Bearer ${token}`, `${token}\n${token}`, `"${token}"`, `${token}ä`]
    for (const token of malformed(tokens.admin)) {
      const thrown = await thrownBy(calls(clientOf(token), {}))
      expect(notThrown(thrown)).toEqual(["document"])
      expect(found(thrown)).toEqual({})
    }
  })

  test("nor in the client itself", () => {
    expect(found({ client: clientOf(tokens.admin) })).toEqual({})
  })
})

function clientOverLambda(functionName = "latchkey-resolve-direct") {
  const settings = { endpoint: lambda.url, region: "us-east-1", maxAttempts: 1 }
  const sdk = new LambdaClient({ ...settings, credentials: { ...key, sessionToken } })
  return createLambdaClient({ functionName, qualifier: "sandbox", lambda: sdk })
}

describe("nothing of what the client over Lambda holds or was given is in what it throws", () => {
  const payload = () => ({ platformId: "acme", value: [value(), given["a value"]] })
  const resolve = (functionName?: string) => ({
    resolve: () => clientOverLambda(functionName).resolve(payload(), inTime()),
  })

  test.for(Object.entries(faults))("after %s", async ([, fault]) => {
    lambda.faultOf = fault
    const thrown = await thrownBy(resolve())
    expect(notThrown(thrown)).toEqual([])
    expect(found(thrown)).toEqual({})
  })

  test("where nobody listens", async () => {
    await lambda.shut()
    const thrown = await thrownBy(resolve())
    await lambda.reopen()
    expect(notThrown(thrown)).toEqual([])
    expect(found(thrown)).toEqual({})
  })

  test("that Lambda or Latchkey has refused", async () => {
    stage.api.vault.faults.set({ status: 403, body: JSON.stringify({ errors: Object.values(given) }) })
    const refused = await thrownBy(resolve())
    stage.api.vault.faults.clear()
    const unknown = await thrownBy(resolve("latchkey-another"))
    for (const thrown of [refused, unknown]) {
      expect(notThrown(thrown)).toEqual([])
      expect(found(thrown)).toEqual({})
    }
  })

  test("nor in the client itself", () => {
    expect(found({ client: clientOverLambda() })).toEqual({})
  })
})

test("both clients get the value that they are asked for, with what they hold", async () => {
  const overHttp = createClient({ baseUrl: api.url, token: tokens.service })
  const resolved = { value: given["a value"] }
  expect(await overHttp.resolve({ value: value(anotherId) })).toMatchObject(resolved)
  expect(await clientOverLambda().resolve({ platformId: "acme", value: value(anotherId) })).toMatchObject(
    resolved,
  )
  const search = searchFor(secrets)
  const sentTo = ({ sent }: FaultProxy) =>
    sent.map(({ headers, body }) => JSON.stringify(headers) + body).join("\n")
  const over = search(sentTo(api))
  expect(over).toEqual(expect.arrayContaining(["an admin's token", "a service's token", "a secret id"]))
  expect(search(sentTo(lambda))).toEqual(expect.arrayContaining(["a session's token"]))
})

test("no address that a client calls has more than ids: traces and logs of what stands between show addresses", () => {
  const addresses = api.sent.map(({ path }) => path)
  expect(addresses.length).toBeGreaterThan(Object.keys(served).length)
  expect(searchFor({ ...secrets, ...names })(addresses.join("\n"))).toEqual([])
})

test("neither client prints anything of it", () => {
  expect(searchFor({ ...secrets, ...names })(stage.printed.join("\n"))).toEqual([])
})
