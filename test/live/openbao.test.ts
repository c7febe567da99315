import nodeVault from "node-vault"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startOpenBao } from "./servers.ts"

describe("OpenBao", () => {
  let bao: Awaited<ReturnType<typeof startOpenBao>>
  const vault = (token?: string) => {
    const client = nodeVault({ endpoint: bao.url, debug: () => {} })
    client.token = token ?? ""
    return client
  }

  beforeAll(async () => {
    bao = await startOpenBao()
  })
  afterAll(() => bao?.stop())

  test("a role that may read one path logs in by AppRole and reads that path only", async () => {
    const root = vault(bao.rootToken)
    await root.write("secret/data/app/db", { data: { password: "a value" } })
    await root.write("secret/data/other", { data: { password: "another" } })
    await root.addPolicy({ name: "app", rules: 'path "secret/data/app/*" { capabilities = ["read"] }' })
    await root.enableAuth({ mount_point: "approle", type: "approle" })
    await root.write("auth/approle/role/app", { token_policies: "app", token_ttl: "1h" })
    const role = await root.read("auth/approle/role/app/role-id")
    const secret = await root.write("auth/approle/role/app/secret-id", {})

    const login = await vault().approleLogin({
      role_id: role.data.role_id,
      secret_id: secret.data.secret_id,
    })
    const app = vault(login.auth.client_token)

    expect(login.auth.lease_duration).toBe(3600)
    expect((await app.read("secret/data/app/db")).data.data).toEqual({ password: "a value" })
    await expect(app.read("secret/data/other")).rejects.toMatchObject({ response: { statusCode: 403 } })
  })

  test("once sealed it answers 503, until its key unseals it", async () => {
    const root = vault(bao.rootToken)
    await root.seal()
    await expect(root.read("secret/data/none")).rejects.toMatchObject({ response: { statusCode: 503 } })

    await root.unseal({ key: bao.unsealKey })
    await expect(root.read("secret/data/none")).rejects.toMatchObject({ response: { statusCode: 404 } })
  })
})
