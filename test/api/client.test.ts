import { afterAll, beforeAll, expect, test } from "vitest"
import { type Client, createClient, LatchkeyProblem, printReference } from "../../core/client/index.ts"
import { served } from "../../core/contract/routes.ts"
import { secretManagers } from "../../local/secret-managers/all.ts"
import { admin, type SandboxApi, service, startSandboxApi, vaultConnection } from "../support/sandbox-api.ts"

let api: SandboxApi
const called = new Set<string>()

beforeAll(async () => {
  api = await startSandboxApi({ demo: true, secretManagers })
})

afterAll(() => api.close())

/** A client that notes which of its methods are called. */
function clientOf(token: () => Promise<string>): Client {
  const client = createClient({ baseUrl: api.sandbox.api, token })
  return new Proxy(client, {
    get: (target, name) => {
      called.add(String(name))
      return Reflect.get(target, name)
    },
  })
}

const signed = (claims: Parameters<SandboxApi["as"]>[0]) => () => {
  if (claims === undefined) throw new Error("A client has a token.")
  return api.sandbox.parts.identity.signToken(claims)
}

test("the typed client does all that the API does, method by method", async () => {
  const ada = clientOf(signed(admin("client")))
  const flows = clientOf(signed(service("client")))

  const document = await ada.document()
  expect(document.openapi).toMatch(/^3\.1\./)
  const providers = await ada.listProviders()
  expect(providers.data.map(({ id }) => id)).toContain("hashicorp")

  const connection = vaultConnection(api.vault) as Parameters<Client["createConnection"]>[0]
  const { providerId, config } = connection
  expect(await ada.testUnsaved({ providerId, config })).toMatchObject({ connected: true, warnings: [] })
  const { id, version } = await ada.createConnection(connection)
  expect(await ada.getConnection({ id })).toMatchObject({ id, version })
  const updated = await ada.updateConnection({ id, name: "Renamed" }, { ifMatch: version })
  expect(updated).toMatchObject({ name: "Renamed", version: 2 })
  await expect(ada.updateConnection({ id, name: "Late" }, { ifMatch: version })).rejects.toMatchObject({
    code: "VERSION_CONFLICT",
    status: 412,
  })
  expect(await ada.testConnection({ id })).toMatchObject({ connected: true })
  expect((await ada.listConnections({ limit: 10 })).data).toMatchObject([{ id, name: "Renamed" }])
  await ada.createConnection(connection)
  const all = []
  for await (const one of ada.connections({ pageSize: 1 })) all.push(one.id)
  expect(all).toHaveLength(2)

  const browsed = await ada.browse({ id, prefix: "secret/data/app/" })
  expect(browsed.data).toContainEqual(expect.objectContaining({ name: "api_key", kind: "folder" }))
  const value = printReference({ connectionId: id, path: "secret/data/app/api_key/value", options: {} })
  expect(await ada.validate({ value })).toMatchObject({ references: [{ status: "ok" }] })
  expect(await flows.resolve({ value })).toMatchObject({
    value: expect.stringMatching(/^sk-demo-fake-/),
    references: [{ pointer: "", connectionId: id, source: "memory" }],
  })
  expect(await ada.usage({ id })).toMatchObject({ data: [{ path: "secret/data/app/api_key/value" }] })
  expect(await flows.clearCache({ connectionId: id })).toBeUndefined()
  const audit = await ada.audit({ connectionId: id, action: "cache.cleared", limit: 1 })
  expect(audit.data).toMatchObject([{ connectionId: id, action: "cache.cleared" }])
  expect(await flows.resolve({ value })).toMatchObject({ references: [{ source: "provider" }] })

  const webhook = await ada.webhookSecret({ id })
  const call = { platformId: "client", id, paths: ["secret/data/app/api_key"] }
  expect(await ada.rotated(call, { secret: webhook.secret })).toBeUndefined()
  expect(await flows.resolve({ value })).toMatchObject({ references: [{ source: "provider" }] })

  expect(await ada.deleteConnection({ id })).toBeUndefined()
  const gone = await flows.resolve({ value }).catch((error: unknown) => error)
  expect(gone).toBeInstanceOf(LatchkeyProblem)
  expect(gone).toMatchObject({ code: "ENTITY_NOT_FOUND", problem: { connectionId: id, pointer: "" } })

  expect([...called]).toEqual(expect.arrayContaining(Object.keys(served)))
})

test("on the first visit each of the sandbox's secret managers has a connection, and its secret resolves", async () => {
  const flows = createClient({ baseUrl: api.sandbox.api, token: api.sandbox.tokens.service })
  const { demo } = api.sandbox
  expect(demo.map(({ providerId }) => providerId)).toEqual(secretManagers.map(({ providerId }) => providerId))
  const resolved = await flows.resolve({ value: demo.map(({ reference }) => reference) })
  expect(resolved.value).toEqual(demo.map(({ value }) => value))
  const listed = await createClient({
    baseUrl: api.sandbox.api,
    token: api.sandbox.tokens.admin,
  }).listConnections()
  expect(listed.data.map(({ connection }) => connection.connected)).toEqual(demo.map(() => true))
})
