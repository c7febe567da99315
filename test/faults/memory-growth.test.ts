import { queryObjects, setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { beforeAll, expect, test, vi } from "vitest"
import type { Principal } from "../../core/auth/principal.ts"
import { newNonce } from "../../core/ids.ts"
import type { Latchkey, Ports } from "../../core/latchkey.ts"
import { Secret } from "../../core/secret.ts"
import { admin, callerOf, clear, connect, resolve, service, world } from "../support/instance.ts"
import { memoryRedis } from "../support/memory-redis.ts"
import { turn } from "../support/moved-clock.ts"

/**
 * Instances that serve for hours, in which everything that they cache expires again and again, by a clock that is moved.
 * Their bounded maps have a small part of their room, so that an hour fills them: what still grows from then on has no
 * bound. What stands for DynamoDB and Redis is emptied each hour, so that what is weighed is the instances' own.
 */
const partOf = vi.hoisted(() => (room: number) => Math.ceil(room / 512))

vi.mock(import("../../core/lru.ts"), async (load) => {
  const { createLru } = await load()
  return { createLru: (max) => createLru(partOf(max)) }
})

vi.mock(import("../../core/secrets/memory.ts"), async (load) => {
  const { createMemoryTier } = await load()
  return {
    createMemoryTier: (deps) =>
      createMemoryTier({ ...deps, maxEntries: partOf(10_000), maxBytes: partOf(32 * 1024 * 1024) }),
  }
})

const hour = 3_600_000
const hoursWatched = 6
const tenantsPerHour = 25
const documentsPerTenant = 3

let collectGarbage: () => void

beforeAll(() => {
  setFlagsFromString("--expose-gc")
  // Otherwise code that has not run for a while goes, which hides what comes.
  setFlagsFromString("--no-flush-bytecode")
  collectGarbage = runInNewContext("gc")
})

/** Two instances that serve one tenant after another, over a store and a Redis that both can be emptied. */
function serving() {
  const { clock, vault, store, instance } = world()
  let redis = memoryRedis(clock)
  const ports: Partial<Ports> = {
    redis: { pipeline: (commands) => redis.pipeline(commands) },
    auditStore: { append: async () => {}, page: async () => ({ items: [] }) },
    usageStore: { touch: async () => {}, page: async () => ({ uses: [] }) },
    metrics: { count() {}, time() {} },
  }
  const [one, other] = [instance(ports), instance(ports)]
  const document = (number: number) => `secret/data/app/${number}`
  for (let number = 0; number < documentsPerTenant; number++)
    vault.documents.set(document(number), { password: `secret ${number} `.padEnd(2_000, "x") })
  vault.login = async () => ({ token: new Secret(newNonce()), expiresAt: clock.now() + 600_000, notes: {} })
  let tenants = 0

  /** Everything that leaves something in memory, for a platform and a connection of its own. */
  async function serveTenant(): Promise<void> {
    const platformId = `tenant-${tenants++}`
    const [ada, flows] = [
      { ...admin, platformId },
      { ...service, platformId },
    ]
    const id = await connect(one, {}, ada)
    const reference = (path: string) => `{{secret://${id}/${path}/password}}`
    const value = Array.from({ length: documentsPerTenant }, (_, number) => reference(document(number)))
    const resolveAll = (latchkey: Latchkey) => resolve(latchkey, value, { principal: flows })

    await resolveAll(one)
    await resolveAll(other)
    await clear(other, id, ada)
    await resolveAll(one)
    await one.connections.get(callerOf(one, ada), id)
    for (let failure = 0; failure < 3; failure++) {
      vault.failure = "UNREACHABLE"
      await resolve(one, reference(`secret/data/lost/${failure}`), { principal: flows, onError: "report" })
      vault.failure = undefined
      clock.advance(6_000)
    }
    await resolve(other, reference("secret/data/missing"), { principal: flows, onError: "report" })
    await leaveEarly(reference(document(0)), id, flows)
    const config = { url: "https://vault.example", roleId: "role", secretId: "another" }
    await one.connections.update(callerOf(one, ada), id, { config }, undefined)
    await resolveAll(other)
    await one.connections.remove(callerOf(one, ada), id)
  }

  /** A caller that goes while the secret manager has not answered. */
  async function leaveEarly(value: string, id: string, principal: Principal): Promise<void> {
    await clear(one, id, { ...principal, type: "USER", role: "ADMIN" })
    const caller = new AbortController()
    vault.gate = new Promise(() => {})
    const fetches = vault.fetches.length
    const resolving = resolve(one, value, { principal, signal: caller.signal })
    while (vault.fetches.length === fetches) await turn()
    caller.abort()
    await resolving.catch(() => {})
    vault.gate = undefined
  }

  return {
    async serveAnHour(): Promise<void> {
      for (let tenant = 0; tenant < tenantsPerHour; tenant++) await serveTenant()
      clock.advance(hour)
    },
    /** How many entries Redis would still have. */
    inRedis: () => [...redis.entries.values()].filter(({ until }) => until > clock.now()).length,
    /** Forgets what the instances do not hold themselves. */
    emptyTheRest(): void {
      redis = memoryRedis(clock)
      store.platforms.clear()
      for (const list of [vault.fetches, vault.opened, vault.checks, vault.browses]) list.length = 0
    },
  }
}

/** What is alive once there is nothing left to collect. The counts are exact, the bytes to some tens of kilobytes. */
async function held(): Promise<{ secrets: number; objects: number; bytes: number }> {
  let [before, bytes] = [Number.POSITIVE_INFINITY, bytesUsed()]
  while (before - bytes > 50_000) {
    for (let times = 0; times < 5; times++) collectGarbage()
    await turn()
    before = bytes
    bytes = bytesUsed()
  }
  return {
    secrets: queryObjects(Secret, { format: "count" }),
    objects: queryObjects(Object, { format: "count" }),
    bytes,
  }
}

function bytesUsed(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

test("hours in which all that is cached expires leave no more in memory than the first one did", async () => {
  const { serveAnHour, inRedis, emptyTheRest } = serving()
  await serveAnHour()
  emptyTheRest()
  const before = await held()
  for (let hours = 0; hours < hoursWatched; hours++) {
    await serveAnHour()
    expect(inRedis()).toBe(0)
    emptyTheRest()
  }
  const after = await held()

  // In a map without a bound each tenant leaves an entry at least.
  const tenants = hoursWatched * tenantsPerHour
  expect(after.secrets - before.secrets).toBeLessThan(tenants / 2)
  expect(after.objects - before.objects).toBeLessThan(tenants / 2)
  expect(after.bytes - before.bytes).toBeLessThan(tenants * 3_000)
}, 120_000)
