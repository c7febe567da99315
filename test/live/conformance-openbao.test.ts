import { describeLogin } from "../conformance/logins.ts"
import { describeProvider } from "../conformance/provider.ts"
import type { TestServer } from "../conformance/subject.ts"
import { operator, seedVault, vaultSubject } from "../conformance/vault-server.ts"
import { startOpenBao } from "./servers.ts"

/** A server of its own for each row: sealing one stops everything in it. */
async function start(options: Parameters<typeof seedVault>[1]): Promise<TestServer> {
  const bao = await startOpenBao()
  const call = operator(bao)
  return {
    ...(await seedVault(bao, options)),
    seal: async () => void (await call("PUT", "sys/seal")),
    unseal: async () => void (await call("PUT", "sys/unseal", { key: bao.unsealKey })),
    stop: () => bao.stop(),
  }
}

const noBinary = {
  binary: "KV holds JSON, which has no binary",
  switches: "a real server does not fail at will",
}

describeProvider({
  ...vaultSubject,
  name: "OpenBao, by AppRole",
  cannot: noBinary,
  start: () => start({}),
})

describeProvider({
  ...vaultSubject,
  name: "OpenBao, by a token in a namespace",
  cannot: { ...noBinary, expireSessions: "a token of its own is not renewed" },
  start: () => start({ namespace: "team", authMethod: "token" }),
})

const { provider } = vaultSubject
describeLogin({ provider, name: "OpenBao, by password", start: () => start({ authMethod: "userpass" }) })
describeLogin({
  provider,
  name: "OpenBao, by JWT",
  start: () => start({ authMethod: "jwt", namespace: "team" }),
})
