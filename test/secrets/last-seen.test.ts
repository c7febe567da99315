import { expect, test } from "vitest"
import type { ConnectionRecord } from "../../core/connections/connection.ts"
import { createLastSeen } from "../../core/secrets/last-seen.ts"
import { aRecord, bytes } from "../connections/records.ts"

const platform = { platformId: "acme", rootKey: bytes(184), generation: "g" }
const KiB = 1024

/** How many of these records are remembered, and whether the last is. */
function remembered(records: readonly ConnectionRecord[]) {
  const lastSeen = createLastSeen()
  for (const record of records) lastSeen.remember({ platform, connections: new Map([[record.id, record]]) })
  const ids = records.map(({ id }) => id)
  const { connections } = lastSeen.of("acme", ids) ?? {}
  return { count: connections?.size, last: connections?.has(ids.at(-1) ?? "") }
}

test("as many records are remembered as platforms have connections", () => {
  const records = Array.from({ length: 1_000 }, () => aRecord())
  expect(remembered(records)).toEqual({ count: 1_000, last: true })
})

const data = bytes(64 * KiB)
test.each<[string, Partial<ConnectionRecord>]>([
  ["a configuration", { config: { format: 1, wrappedKey: bytes(184), data } }],
  ["what is shown of one", { configView: data }],
  [
    "paths",
    { settings: { cacheTtlSeconds: 60, staleIfErrorSeconds: 0, allowedPaths: ["p".repeat(64 * KiB)] } },
  ],
  ["projects", { scope: "PROJECT", projectIds: ["p".repeat(64 * KiB)] }],
])("records of 64 KiB of %s leave room in 16 MiB for the others that an instance serves", (_, parts) => {
  const { count, last } = remembered(Array.from({ length: 300 }, () => aRecord(parts)))
  expect([count, last]).toEqual([expect.closeTo(253, -1), true])
})
