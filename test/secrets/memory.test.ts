import { expect, test } from "vitest"
import type { Json } from "../../core/json.ts"
import { Secret } from "../../core/secret.ts"
import { createMemoryTier } from "../../core/secrets/memory.ts"
import { movedClock } from "../support/moved-clock.ts"

const epoch = {
  platformId: "acme",
  connectionId: "smc_1",
  configId: "c",
  generation: "g",
  platformGeneration: "p",
}

const many = Array.from({ length: 20_000 }, (_, i) => i)

test.each<[what: string, content: Json, held: number]>([
  ["text", "x".repeat(50_000), 41],
  ["empty objects", many.map(() => ({})), 2],
  ["empty lists", many.map(() => []), 2],
  ["names", Object.fromEntries(many.map((i) => [i.toString(36), 0])), 2],
])("holds as much as fits into its bytes, by what it takes in memory: %s", (_, content, held) => {
  const clock = movedClock()
  const memory = createMemoryTier({ clock, maxBytes: 2 * 1024 * 1024 })
  const freshUntil = clock.now() + 1_000
  const size = JSON.stringify(content).length
  const entry = {
    kind: "value",
    content: new Secret(content),
    freshUntil,
    staleUntil: freshUntil,
    size,
  } as const
  const documents = Array.from({ length: 50 }, (_, i) => `secret/data/${i}`)
  for (const document of documents) memory.put(epoch, document, entry)
  expect(documents.filter((document) => memory.get(epoch, document))).toEqual(documents.slice(-held))
})
