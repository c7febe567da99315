import type { ConnectionRecord } from "../../core/connections/connection.ts"
import { createEnvelope } from "../../core/crypto/envelope.ts"
import type { Json } from "../../core/json.ts"
import type { Latchkey } from "../../core/latchkey.ts"
import { Secret } from "../../core/secret.ts"
import { admin, callerOf, connect, world } from "../support/instance.ts"

type Latch = ReturnType<typeof world>
type Options = Parameters<typeof connect>[1]
export type Patch = Parameters<Latchkey["connections"]["update"]>[2]

/** One instance of Latchkey in a world of its own, and what an admin asks of it. */
export function given() {
  const shared: Latch = world()
  const latchkey = shared.instance()
  const { connections } = latchkey
  const by = (principal = admin) => callerOf(latchkey, principal)
  return {
    ...shared,
    latchkey,
    connections,
    by,
    connect: (options?: Options) => connect(latchkey, options),
    update: (id: string, patch: Patch, ifMatch?: number) => connections.update(by(), id, patch, ifMatch),
    record,
    /** What is stored of a configuration, opened as another instance would. */
    async storedConfig(id: string): Promise<Json | undefined> {
      const { platformId, configId, config } = record(id)
      return createEnvelope(shared).decryptConfig({ platformId, connectionId: id, configId }, config)
    },
  }

  /** As it is stored, to be looked at and tampered with. */
  function record(id: string, platformId = "acme"): ConnectionRecord {
    const stored = shared.store.connections.get(`${platformId}\n${id}`)
    if (!stored) throw new Error(`no connection ${id} is stored`)
    return stored
  }
}

export const vaultUrl = "https://vault.example"

/** What `connect` creates with, as a request brings it. */
export const newVault = (parts: Options = {}) => ({
  providerId: "hashicorp" as const,
  name: "Vault",
  scope: "PLATFORM" as const,
  config: { url: vaultUrl, authMethod: "approle", roleId: "role", secretId: new Secret("s3cret") },
  ...parts,
})

/** Runs `other` once, just before the next update reaches the store: someone else is quicker. */
export function overtake({ store }: Pick<Latch, "store">, ...others: (() => Promise<unknown>)[]): void {
  const { update } = store
  store.update = async (...input) => {
    const other = others.shift()
    if (other) {
      const ours = store.update
      store.update = update
      await other()
      store.update = others.length > 0 ? ours : update
    }
    return update(...input)
  }
}
