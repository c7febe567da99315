import { startVault } from "../../local/secret-managers/vault/server.ts"
import { describeProvider } from "./provider.ts"
import type { TestServer } from "./subject.ts"
import { seedVault, vaultSubject } from "./vault-server.ts"

async function start(options: Parameters<typeof seedVault>[1]): Promise<TestServer> {
  const vault = await startVault()
  return {
    ...(await seedVault({ url: vault.url, rootToken: vault.admin.rootToken }, options)),
    expireSessions: async () => vault.admin.revokeTokens(),
    seal: async () => vault.admin.seal(),
    unseal: async () => vault.admin.unseal(),
    stop: () => vault.stop(),
  }
}

const noBinary = { binary: "KV holds JSON, which has no binary" }

describeProvider({
  ...vaultSubject,
  name: "the sandbox, by AppRole",
  cannot: noBinary,
  start: () => start({}),
})

describeProvider({
  ...vaultSubject,
  name: "the sandbox, by a token in a namespace",
  cannot: { ...noBinary, expireSessions: "a token of its own is not renewed" },
  start: () => start({ namespace: "team", authMethod: "token" }),
})
