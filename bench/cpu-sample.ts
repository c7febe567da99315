/** Prints how many microseconds of CPU a reference takes whose document is in memory. Run by cpu.ts, in a fresh process. */
import { createLatchkey } from "../core/latchkey.ts"
import { createNetwork } from "../core/network/client.ts"
import { connect, resolve, service, world } from "../test/support/instance.ts"
import { median } from "./measure.ts"
import { documentOf, pathOf, secretOf } from "./secrets.ts"

const rounds = 100
const perRound = 20
const references = 200

const { clock, redis, kms, store, vault, instance } = world()
const numbers = Array.from({ length: references }, (_, i) => i)
for (const number of numbers) vault.documents.set(documentOf(number), { password: secretOf(number) })
const filling = instance()
const connectionId = await connect(filling)
const value = Object.fromEntries(
  numbers.map((number) => [`field${number}`, `{{secret://${connectionId}/${pathOf(number)}}}`]),
)
await resolve(filling, value)

const snapshot = await store.read(service.platformId, [connectionId])
const latchkey = createLatchkey({
  clock,
  redis,
  kms,
  store: { ...store, read: async () => snapshot },
  accounts: store,
  auditStore: { append: async () => {}, page: async () => ({ items: [] }) },
  usageStore: { touch: async () => {}, page: async () => ({ uses: [] }) },
  network: createNetwork({ policy: { allowHttp: false, allowLoopback: false, exceptions: [] }, clock }),
  metrics: { count() {}, time() {} },
  auditMode: "required",
  resolveMs: 15_000,
})
await resolve(latchkey, value)

const samples: number[] = []
for (let round = 0; round < rounds; round++) {
  const before = process.cpuUsage()
  for (let i = 0; i < perRound; i++) await resolve(latchkey, value)
  const { user, system } = process.cpuUsage(before)
  samples.push((user + system) / (perRound * references))
}
process.stdout.write(String(median(samples)))
