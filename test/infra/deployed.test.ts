import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest"
import { signRotation } from "../../core/client/sign-rotation.ts"
import type { Built } from "../../stacks/build.ts"
import { functionIds } from "../../stacks/function-names.ts"
import { asksSecretManagers } from "../../stacks/permissions.ts"
import { statementsOf } from "../../stacks/plan/shape.ts"
import { call as changed } from "../rotation/recorded-events.ts"
import { type Deployment, deploy, type TokenClaims } from "./deployed/deployment.ts"
import { authorizerEvent } from "./deployed/events.ts"
import { startFunction } from "./deployed/function.ts"
import { chunksOf, initMs, initOfEverythingMs, reportOf } from "./deployed/init.ts"
import { everything, type PlannedStage, planned, upstashKeys } from "./stages.ts"

/**
 * What ships, tested as it ships: each function's bundle in a fresh process of Node, with the environment that the plan
 * gives it, invoked by events of API Gateway, against the sandbox's servers. Whatever its role may not do is refused.
 */

const built: Built = JSON.parse(readFileSync(join(inject("functions"), "functions.json"), "utf8"))
let stage: PlannedStage
let deployment: Deployment
let cloud: Deployment["cloud"]
let call: Deployment["call"]

beforeAll(async () => {
  stage = await planned("full", everything, upstashKeys)
  deployment = await deploy(stage, built)
  cloud = deployment.cloud
  call = deployment.call
})

afterAll(() => deployment?.close())

const tokenOf = (claims: TokenClaims) => deployment.signToken(claims)
const admin = () => tokenOf({ sub: "ada", role: "ADMIN" })
const service = () => tokenOf({ sub: "flows", type: "SERVICE" })

const vaultConfig = () => ({ ...cloud.vault.config, url: "https://vault.acme.example" })
const keyOfAws = () => {
  const { accessKeyId, secretAccessKey } = cloud.aws.config
  return { accessKeyId, secretAccessKey }
}
const awsConfig = () => ({ region: "us-east-1", roleArn })

let roleArn = ""
let vaultId = ""
/** Brought along, as a connection that moves here brings its. */
const awsId = "tenantAws000000000000"

describe("what admins do", () => {
  test("they see whom a tenant's role must trust, and connect AWS by a role that does", async () => {
    const token = await admin()
    const { body: providers } = await call("listProviders", { token })
    const facts = providers.data.find(({ id }) => id === "aws")?.facts ?? { principalArn: "", externalId: "" }
    roleArn = cloud.aws.admin.createRole("tenant", {
      trusts: [facts.principalArn],
      externalId: facts.externalId,
      policy: { Statement: [{ Effect: "Allow", Action: "secretsmanager:*", Resource: "*" }] },
    })
    const body = { id: awsId, providerId: "aws", name: "AWS", scope: "PLATFORM", config: awsConfig() }
    expect(await call("createConnection", { token, body })).toMatchObject({
      status: 201,
      body: { id: awsId, connection: { connected: true } },
    })
    expect((await call("createConnection", { token, body })).status).toBe(409)
  })

  test.each<[provider: string, config: () => object]>([
    ["hashicorp", vaultConfig],
    ["cyberark-conjur", () => ({ ...cloud.conjur.config, url: "https://conjur.acme.example" })],
    ["onepassword", () => ({ ...cloud.onepassword.config, url: "https://onepassword.acme.example" })],
    ["aws", () => ({ ...keyOfAws(), region: "us-east-1" })],
    ["aws-ssm", () => ({ ...keyOfAws(), region: "us-east-1" })],
    ["aws", awsConfig],
  ])("they test a connection to %s", async (providerId, config) => {
    const reply = await call("testUnsaved", { token: await admin(), body: { providerId, config: config() } })
    expect(reply).toMatchObject({ status: 200, body: { connected: true } })
  })

  test("they test a connection before their platform has any", async () => {
    const token = await tokenOf({ sub: "eve", platform: "newer", role: "ADMIN" })
    const body = { providerId: "hashicorp", config: vaultConfig() }
    expect((await call("testUnsaved", { token, body })).body).toMatchObject({ connected: true })
  })

  test("they connect Vault, once its test has passed", async () => {
    const token = await admin()
    const body = { providerId: "hashicorp", name: "Vault", scope: "PLATFORM", config: vaultConfig() }
    const created = await call("createConnection", { token, body })
    expect(created).toMatchObject({ status: 201, headers: { "content-type": "application/json" } })
    vaultId = created.body.id
  })

  test("they look at connections, change them and test them", async () => {
    const token = await admin()
    const params = { id: vaultId }
    expect(await call("getConnection", { token, params })).toMatchObject({
      status: 200,
      body: { version: 1 },
    })
    const body = { name: "Our Vault", config: vaultConfig() }
    const updated = await call("updateConnection", { token, params, headers: { "If-Match": '"1"' }, body })
    expect(updated).toMatchObject({ status: 200, body: { version: 2 }, headers: { etag: '"2"' } })
    expect(await call("testConnection", { token, params })).toMatchObject({
      status: 200,
      body: { connected: true },
    })
    const role = { token, params: { id: awsId } }
    expect((await call("updateConnection", { ...role, body: { config: awsConfig() } })).status).toBe(200)
    expect((await call("testConnection", role)).body).toMatchObject({ connected: true })
  })

  test("they see which are connected, also where nothing is cached", async () => {
    await cloud.emptyCache()
    const { body } = await call("listConnections", { token: await admin() })
    expect(body.data).toHaveLength(2)
    for (const one of body.data) expect(one.connection.connected).toBe(true)
    await cloud.emptyCache()
    for (const id of [vaultId, awsId])
      expect((await call("getConnection", { token: await admin(), params: { id } })).body).toMatchObject({
        connection: { connected: true },
      })
  })

  test("they browse for secrets, of either", async () => {
    await cloud.emptyCache()
    for (const id of [vaultId, awsId]) {
      const { status, body } = await call("browse", { token: await admin(), params: { id }, body: {} })
      expect([status, body.data.length > 0]).toEqual([200, true])
    }
  })
})

describe("what flows do", () => {
  const value = () => ({
    vault: `{{secret://${vaultId}/secret/data/app/api_key/value}}`,
    aws: `{{secret://${awsId}/prod/db#password}}`,
  })
  const sources = ({ references }: { references: { source: string }[] }) =>
    references.map(({ source }) => source)

  test("they resolve references, by role and by login, from the secret managers and then from memory", async () => {
    const token = await service()
    await cloud.emptyCache()
    const first = await call("resolve", { token, body: { value: value() } })
    expect(first.status).toBe(200)
    expect(sources(first.body)).toEqual(["provider", "provider"])
    expect(first.body.value.vault).toMatch(/^sk-demo-fake-/)
    expect(first.body.value.aws).toMatch(/^fake-password-/)
    const second = await call("resolve", { token, body: { value: value() } })
    expect(sources(second.body)).toEqual(["memory", "memory"])
  })

  test("they validate references", async () => {
    await cloud.emptyCache()
    const { status, body } = await call("validate", { token: await service(), body: { value: value() } })
    expect([status, body.references.map((one) => one.status)]).toEqual([200, ["ok", "ok"]])
  })

  test("Lambdas of the account resolve by their alias, and nobody without one", async () => {
    const direct = await deployment.functionOf("resolveDirect")
    const payload = { platformId: "acme", value: value() }
    await cloud.emptyCache()
    const reply = (await direct.invoke(payload, { qualifier: "flows" })) as {
      references: { source: string }[]
    }
    expect(reply).toMatchObject({ ok: true })
    expect(sources(reply)).toEqual(["provider", "provider"])
    expect(await direct.invoke(payload)).toMatchObject({ ok: false, error: { code: "AUTHORIZATION" } })
    expect(
      await direct.invoke({ ...payload, platformId: "other" }, { qualifier: "acme-jobs" }),
    ).toMatchObject({
      ok: false,
    })
  })

  test("a wrong path is a problem document, and says so to nobody else", async () => {
    const body = { value: `{{secret://${vaultId}/secret/data/none/value}}` }
    expect(await call("resolve", { token: await service(), body })).toMatchObject({
      status: 424,
      headers: { "content-type": "application/problem+json" },
      body: { code: "SECRET_MANAGER_GET_SECRET_FAILED", reason: "NOT_FOUND" },
    })
  })
})

describe("what follows", () => {
  test("a rotation's webhook ends the cache", async () => {
    const token = await admin()
    const params = { platformId: "acme", id: vaultId }
    const { body: made } = await call("webhookSecret", { token, params: { id: vaultId } })
    expect(made.url).toBe(`https://latchkey.acme.example/api/v1/secret-managers/rotated/acme/${vaultId}`)
    const body = JSON.stringify({ paths: ["secret/data/app/api_key"] })
    const signature = await signRotation({ ...params, secret: made.secret, body })
    expect(
      await call("rotated", { params, body, headers: { "latchkey-signature": signature } }),
    ).toMatchObject({
      status: 202,
    })
  })

  test("so does what AWS tells of a secret in a tenant's account", async () => {
    const fn = await deployment.functionOf("rotationEvents")
    const event = { ...changed("PutSecretValue"), account: roleArn.split(":")[4] }
    const reply = await fn.invoke({ Records: [{ messageId: "one", body: JSON.stringify(event) }] })
    expect(reply).toEqual({ batchItemFailures: [] })
    expect(fn.lines.filter((line) => line.includes('"connections":1'))).toHaveLength(1)
  })

  test("so does a clear, of one connection and of all", async () => {
    const token = await admin()
    expect((await call("clearCache", { token, query: { connectionId: vaultId } })).status).toBe(204)
    expect((await call("clearCache", { token })).status).toBe(204)
  })

  test("usage and audit tell what was done, with cursors of a platform that has no connection too", async () => {
    const token = await admin()
    const { body: usage } = await call("usage", { token, params: { id: vaultId } })
    expect(usage.data.map(({ path }) => path)).toContain("secret/data/app/api_key/value")
    for (const query of [{ limit: "2" }, { connectionId: vaultId }, { actor: "ada" }]) {
      const { status, body } = await call("audit", { token, query })
      expect([status, body.data.length > 0]).toEqual([200, true])
    }
    // A platform that has no record yet, but things to tell of.
    const eve = { sub: "eve", platform: "new" }
    const denied = await tokenOf({ ...eve, projectIds: ["p1"] })
    for (const token of [denied, denied]) expect((await call("audit", { token })).status).toBe(403)
    const { body: page } = await call("audit", {
      token: await tokenOf({ ...eve, role: "ADMIN" }),
      query: { limit: "1" },
    })
    expect(page).toMatchObject({ data: [{ actor: "eve" }], next: expect.any(String) })
  })

  test("who is denied is told so, and recorded", async () => {
    const member = await tokenOf({ sub: "bob", projectIds: ["p1"] })
    const params = { id: vaultId }
    const query = { projectId: "p2" }
    for (const [operation, request] of [
      ["audit", {}],
      ["usage", { params }],
      ["getConnection", { params, query }],
      ["listConnections", { query }],
    ] as const)
      expect((await call(operation, { token: member, ...request })).status, operation).toBe(403)
    const { body } = await call("audit", { token: await admin(), query: { action: "denied", actor: "bob" } })
    expect(body.data).toHaveLength(4)
  })

  test("a connection is deleted", async () => {
    expect((await call("deleteConnection", { token: await admin(), params: { id: awsId } })).status).toBe(204)
  })

  test("whoever reads the document needs no token, and without one nobody else is let in", async () => {
    expect(await call("document")).toMatchObject({
      status: 200,
      body: { openapi: expect.stringMatching(/^3\.1\./) },
    })
    const attempt = (await deployment.functionOf("authorizer")).invoke(
      authorizerEvent({ method: "GET", path: "/providers", token: "no.good.token" }),
    )
    await expect(attempt).rejects.toThrow(/^Unauthorized$/)
  })

  test("1Password's WebAssembly is in the bundle: its own code refuses a token that is none", async () => {
    const credentials = {
      signInAddress: "my.1password.com",
      userAuth: {},
      email: "x@1passwordserviceaccounts.com",
    }
    const serviceAccountToken = `ops_${Buffer.from(JSON.stringify(credentials)).toString("base64url")}`
    const { status, body } = await call("testUnsaved", {
      token: await admin(),
      body: { providerId: "onepassword", config: { serviceAccountToken } },
    })
    expect(status).toBe(200)
    expect(body.connected).toBe(false)
    expect(body.steps.flatMap(({ error }) => error?.reason ?? [])).toEqual(["BAD_CREDENTIALS"])
  })
})

describe("the roles of the functions", () => {
  test("have allowed all of that", () => {
    expect(cloud.refused).toEqual([])
  })

  /** Each with when it is used. */
  const accidents: Record<string, string> = {
    "createConnection dynamodb:GetItem":
      "two create the same id at once, or a write meets its own first attempt",
    "updateConnection dynamodb:GetItem": "an update lost a race, or met its own first attempt",
    "webhookSecret dynamodb:GetItem": "the same",
  }
  /** What Lambda itself does by a function's role. */
  const ofLambda = /^(?:logs|xray|ec2|sqs):/

  test("allow nothing that none of it needed, save for what takes an accident", () => {
    const rest = [...deployment.functions].flatMap(([id, { statements }]) =>
      statements.flatMap((statement) =>
        statement.actions
          .filter((action) => !ofLambda.test(action) && !cloud.used.get(statement)?.has(action))
          .map((action) => `${id} ${action}`),
      ),
    )
    expect(rest.sort()).toEqual(Object.keys(accidents).sort())
  })

  test("stop a function that does more", async () => {
    const statements = statementsOf(stage.resources, "clearCache").filter(
      ({ actions }) => !actions.includes("dynamodb:UpdateItem"),
    )
    const fn = await startFunction(deployment.optionsOf("clearCache", statements))
    const reply = await call("clearCache", { token: await admin() }, fn)
    fn.stop()
    expect(reply).toMatchObject({ status: 503, body: { code: "UNAVAILABLE" } })
    expect(cloud.refused).toEqual([
      expect.stringContaining("clearCache dynamodb:UpdateItem arn:aws:dynamodb:"),
    ])
  })
})

describe("what the functions have printed", () => {
  const printed = async () =>
    (await Promise.all([...deployment.functions.values()].map(({ fn }) => fn))).flatMap(({ lines }) => lines)

  test("is one line of JSON for each request, and metrics", async () => {
    for (const line of await printed()) expect(() => JSON.parse(line), line).not.toThrow()
  })

  test("tells of no cache that was missing where a function was told of none", async () => {
    expect(cloud.cacheCommands()).toBeGreaterThan(20)
    for (const id of functionIds.filter((id) => !asksSecretManagers(id)))
      expect((await deployment.functionOf(id)).lines.join("\n"), id).not.toContain("RedisDegraded")
  })

  test("has no secret in it", async () => {
    const { roleId: _, secretId } = cloud.vault.config
    const { secretAccessKey } = cloud.aws.config
    const all = (await printed()).join("\n")
    for (const secret of [secretId, secretAccessKey, "sk-demo-fake-", "fake-password-", "ops_"])
      expect(all).not.toContain(secret)
  })
})

describe("the bundles", () => {
  const bundleOf = (id: string) => {
    const bundle = built[id]
    if (!bundle) throw new Error(`There is no bundle of ${id}.`)
    return bundle
  }

  test("are all built, and all were run", () => {
    expect(Object.keys(built).sort()).toEqual([...functionIds].sort())
    expect([...deployment.functions.keys()].sort()).toEqual([...functionIds].sort())
  })

  test("load at most 500 KB for a request to resolve, and at most 600 KB for any other", () => {
    for (const [id, { hotBytes }] of Object.entries(built))
      expect(hotBytes, id).toBeLessThanOrEqual(id === "resolve" ? 500_000 : 600_000)
  })

  test("start in at most half the time that loading everything would take", async () => {
    const everythingMs = await initOfEverythingMs(await chunksOf(bundleOf("resolve")))
    const lines = [`loading everything that resolve may need: ${everythingMs.toFixed(0)} ms`]
    for (const id of functionIds) {
      const init = await initMs(deployment.optionsOf(id, []))
      const first = (await deployment.functionOf(id)).firstMs()
      lines.push(reportOf(id, bundleOf(id), { init, first }))
      expect(init / everythingMs, id).toBeLessThanOrEqual(0.5)
    }
    console.log(lines.join("\n"))
  })
})
