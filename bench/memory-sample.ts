/** Prints by how many bytes 10,000 secrets in the memory tier enlarge the process' heap. Run by memory.ts. */
import { systemClock } from "../core/clock.ts"
import { newConnectionId, newNonce } from "../core/ids.ts"
import type { Json } from "../core/json.ts"
import { Secret } from "../core/secret.ts"
import { createMemoryTier } from "../core/secrets/memory.ts"
import { documentOf, secretOf } from "./secrets.ts"

const secrets = 10_000
const epoch = {
  platformId: "acme",
  connectionId: newConnectionId(),
  configId: newNonce(),
  generation: newNonce(),
  platformGeneration: newNonce(),
}

const tier = createMemoryTier({ clock: systemClock })
const before = used()
for (let number = 0; number < secrets; number++) {
  // As it comes out of a sealed entry.
  const text = JSON.stringify({ password: secretOf(number) })
  tier.put(epoch, documentOf(number), {
    kind: "value",
    content: new Secret<Json>(JSON.parse(text)),
    version: "1",
    freshUntil: Date.now() + 3_600_000,
    staleUntil: 0,
    size: text.length,
  })
}
const after = used()
if (tier.get(epoch, documentOf(0)) === undefined) throw new Error("The memory tier does not hold 10,000.")
process.stdout.write(String(after - before))

function used(): number {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
