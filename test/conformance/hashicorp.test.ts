import { type Clock, systemClock } from "../../core/clock.ts"
import { startVault } from "../../local/secret-managers/vault/server.ts"
import { movedClock } from "../support/moved-clock.ts"
import { describeLogin } from "./logins.ts"
import { describeProvider } from "./provider.ts"
import type { TestServer } from "./subject.ts"
import { switchesOf } from "./switches.ts"
import { seedVault, vaultSubject } from "./vault-server.ts"

async function start(options: Parameters<typeof seedVault>[1], clock?: Clock): Promise<TestServer> {
  const vault = await startVault(clock && { clock })
  return {
    ...(await seedVault({ url: vault.url, rootToken: vault.admin.rootToken }, options)),
    expireSessions: async () => vault.admin.revokeTokens(),
    seal: async () => vault.admin.seal(),
    unseal: async () => vault.admin.unseal(),
    switches: switchesOf(vault.faults, { status: 429 }, { SEALED: () => vault.faults.set({ sealed: true }) }),
    stop: () => vault.stop(),
  }
}

/** What is signed must be of the verifier's time: that at which a test's connections stand still. */
const connectionsClock: Clock = { ...systemClock, now: movedClock().now }

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

const { provider } = vaultSubject
describeLogin({ provider, name: "the sandbox, by password", start: () => start({ authMethod: "userpass" }) })
describeLogin({ provider, name: "the sandbox, by JWT", start: () => start({ authMethod: "jwt" }) })
describeLogin({
  provider,
  name: "the sandbox, by AWS",
  start: () => start({ authMethod: "aws" }, connectionsClock),
})
