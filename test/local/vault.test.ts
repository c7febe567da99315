import { afterAll, beforeAll } from "vitest"
import { startVault, type VaultServer } from "../../local/secret-managers/vault/server.ts"
import { describeSealing, describeVault } from "./vault-documentation.ts"

let vault: VaultServer
const server = () => ({
  url: vault.url,
  rootToken: vault.admin.rootToken,
  unsealKey: vault.admin.unsealKey,
})

beforeAll(async () => {
  vault = await startVault()
})
afterAll(() => vault.stop())

describeVault("the sandbox's Vault", server)
describeSealing("the sandbox's Vault", server)
