import { expect, test } from "vitest"
import type { MemoryStore } from "../support/memory-store.ts"
import { memoryWorld } from "../support/model/memory-world.ts"
import { holdsIn } from "../support/model/stories.ts"

/*
 * Latchkey against a model that knows nothing of caches (test/support/model/tenant.ts): three instances, two platforms whose
 * connections and documents have the same names, and whatever admins, secret managers and whoever has Redis may do in between
 * and at once.
 */
test("no value is older than the last clear or its time, none comes after revocation, none is another platform's", async () => {
  await holdsIn(async (pauses) => memoryWorld(pauses), { numRuns: 300, enoughMs: 20_000 })
}, 60_000)

const flaws: [string, (store: MemoryStore) => Partial<MemoryStore>][] = [
  ["forgets clears", () => ({ renew: async () => true })],
  ["forgets updates", () => ({ update: async () => true })],
  ["forgets deletions", () => ({ delete: async () => {} })],
  ["is read a moment late", readLate],
]

test.each(flaws)("the model finds a store that %s", async (_, flaw) => {
  const telling = holdsIn(async (pauses) => memoryWorld(pauses, flaw), {
    numRuns: 100,
    enoughMs: 20_000,
    endOnFailure: true,
  })
  await expect(telling).rejects.toThrow("Property failed")
})

/** As it was at the read before. */
function readLate({ read }: MemoryStore): Partial<MemoryStore> {
  const before = new Map<string, ReturnType<MemoryStore["read"]>>()
  return {
    read(platformId, ids, signal) {
      const now = read(platformId, ids, signal)
      const known = before.get(platformId) ?? now
      before.set(platformId, now)
      return known
    },
  }
}
