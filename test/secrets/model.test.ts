import fc from "fast-check"
import { test } from "vitest"
import type { Principal } from "../../core/auth/principal.ts"
import { LatchkeyError } from "../../core/errors.ts"
import { newConnectionId } from "../../core/ids.ts"
import type { Latchkey } from "../../core/latchkey.ts"
import { admin, callerOf, clear, connect, resolve, service, type World, world } from "../support/instance.ts"
import { passing, turn } from "../support/moved-clock.ts"

/*
 * Latchkey against a model that knows nothing of caches: three instances, two platforms whose connections and documents
 * have the same names, and whatever admins, secret managers and Redis may do in between.
 */

const platforms = ["acme", "evil"] as const
type Platform = (typeof platforms)[number]

/** What is known of a platform's connection, from outside. */
interface Tenant {
  id: string
  exists: boolean
  /** Whether the connection is open to resolves that name no project. */
  open: boolean
  ttlMs: number
  /** When each value stopped being the current one; the last still is. Its index is the value. */
  ended: number[]
  /** No value below it may be returned any more. */
  floor: number
}

interface Model {
  tenants: Record<Platform, Tenant>
}

interface Real extends World {
  instances: Latchkey[]
  /** Resolves that were begun and hang in their fetch: not for so long that those who wait for their leases time out. */
  hanging: { done: Promise<unknown>; release: () => void; since: number }[]
}

const adminOf = (platformId: Platform): Principal => ({ ...admin, platformId })
const serviceOf = (platformId: Platform): Principal => ({ ...service, platformId })
const documentOf = (platform: Platform) => `secret/data/shared-${platform}`
const newest = ({ ended }: Tenant) => ended.length - 1
const textOf = (platform: Platform, n: number) => `${platform} ${n}`

function rotate({ vault, clock }: Real, { tenants }: Model, platform: Platform): void {
  const tenant = tenants[platform]
  tenant.ended[newest(tenant)] = clock.now()
  tenant.ended.push(Number.POSITIVE_INFINITY)
  vault.documents.set(documentOf(platform), { key: textOf(platform, newest(tenant)) })
}

/** Both platforms name the same document of theirs; here each has one of its own behind it. */
const ask = ({ instances }: Real, i: number, platform: Platform, { id }: Tenant) => {
  const instance = instances[i]
  if (!instance) throw new Error(`No instance ${i}.`)
  const value = `{{secret://${id}/${documentOf(platform)}/key}}`
  return resolve(instance, value, { principal: serviceOf(platform) })
}

async function endHanging({ hanging, clock }: Real): Promise<void> {
  const released = hanging.splice(0)
  for (const { release } of released) release()
  for (const { done } of released) await passing(clock, done)
}

async function check(
  platform: Platform,
  known: Tenant,
  from: number,
  resolving: Promise<{ value: unknown }>,
) {
  const answer = await resolving.then(
    ({ value }) => String(value),
    (error: unknown) => (error instanceof LatchkeyError ? error.code : error),
  )
  if (!known.exists || !known.open) {
    if (answer !== "ENTITY_NOT_FOUND") throw new Error(`Out of reach, but answered ${answer}.`)
    return
  }
  const [owner, text] = String(answer).split(" ")
  const n = Number(text)
  if (owner !== platform || Number.isNaN(n)) throw new Error(`${platform} was answered ${answer}.`)
  if (n < known.floor)
    throw new Error(`${answer} is from before the last clear; ${known.floor} was current then.`)
  // One that was not there yet is newer than it need be.
  if ((known.ended[n] ?? Number.POSITIVE_INFINITY) <= from - known.ttlMs)
    throw new Error(`${answer} is older than it may be.`)
}

type Step = fc.AsyncCommand<Model, Real>

const step = (
  name: string,
  run: (model: Model, real: Real) => Promise<void>,
  when = (_: Model) => true,
): Step => ({
  check: when,
  run,
  toString: () => name,
})

const where = fc.record({ i: fc.nat(2), platform: fc.constantFrom(...platforms) })

const resolves = where.map(({ i, platform }) =>
  step(`resolve ${platform} on ${i}`, async ({ tenants }, real) => {
    const known = structuredClone(tenants[platform])
    const resolving = check(platform, known, real.clock.now(), ask(real, i, platform, known))
    resolving.catch(() => {})
    await turn()
    // It may wait for one of them.
    await endHanging(real)
    await passing(real.clock, resolving)
  }),
)

const begins = where.map(({ i, platform }) =>
  step(`begin ${platform} on ${i}`, async ({ tenants }, real) => {
    const known = structuredClone(tenants[platform])
    const gate = Promise.withResolvers<void>()
    real.vault.gate = gate.promise
    const done = check(platform, known, real.clock.now(), ask(real, i, platform, known))
    done.catch(() => {})
    await turn()
    real.vault.gate = undefined
    real.hanging.push({ done, release: gate.resolve, since: real.clock.now() })
  }),
)

const ends = fc.constant(step("let end what hangs", (_, real) => endHanging(real)))

const rotates = where.map(({ platform }) =>
  step(`rotate ${platform}`, async (model, real) => rotate(real, model, platform)),
)

/** What makes everything that was fetched before unusable: the value is rotated first, so that it shows. */
const clears = fc
  .record({ where, what: fc.constantFrom("connection", "platform", "settings", "config", "test") })
  .map(({ where: { i, platform }, what }) =>
    step(
      `rotate and clear ${platform} by ${what} on ${i}`,
      async (model, real) => {
        const tenant = model.tenants[platform]
        const [instance, principal] = [real.instances[i], adminOf(platform)]
        if (!instance) return
        const caller = callerOf(instance, principal)
        rotate(real, model, platform)
        if (what === "connection") await clear(instance, tenant.id, principal)
        else if (what === "platform") await clear(instance, undefined, principal)
        else if (what === "test") await instance.connections.test(caller, tenant.id)
        else {
          const settings = { cacheTtlSeconds: tenant.ttlMs / 1000 === 60 ? 120 : 60 }
          const patch = what === "config" ? { config: { secretId: "new" } } : { settings }
          await instance.connections.update(caller, tenant.id, patch, undefined)
          if (what === "settings") tenant.ttlMs = settings.cacheTtlSeconds * 1000
        }
        tenant.floor = newest(tenant)
      },
      ({ tenants }) => tenants[platform].exists,
    ),
  )

const narrows = fc.record({ where, open: fc.boolean() }).map(({ where: { i, platform }, open }) =>
  step(
    `${open ? "open" : "narrow"} ${platform} on ${i}`,
    async ({ tenants }, real) => {
      const instance = real.instances[i]
      if (!instance) return
      const patch = open ? { scope: "PLATFORM" as const } : { scope: "PROJECT" as const, projectIds: ["p1"] }
      const caller = callerOf(instance, adminOf(platform))
      await instance.connections.update(caller, tenants[platform].id, patch, undefined)
      tenants[platform].open = open
    },
    ({ tenants }) => tenants[platform].exists && tenants[platform].open !== open,
  ),
)

const deletes = where.map(({ i, platform }) =>
  step(`delete ${platform} on ${i}, or create it again`, async (model, real) => {
    const tenant = model.tenants[platform]
    const instance = real.instances[i]
    if (!instance) return
    if (tenant.exists) await instance.connections.remove(callerOf(instance, adminOf(platform)), tenant.id)
    else {
      rotate(real, model, platform)
      await connect(instance, { id: tenant.id, settings: { cacheTtlSeconds: 60 } }, adminOf(platform))
      Object.assign(tenant, { open: true, ttlMs: 60_000, floor: newest(tenant) })
    }
    tenant.exists = !tenant.exists
  }),
)

const redis = fc.boolean().map((down) =>
  step(`Redis ${down ? "down" : "up"}`, async (_, real) => {
    real.redis.down = down
  }),
)

const passes = fc.constantFrom(500, 5_000, 30_000, 60_000, 3_600_000).map((ms) =>
  step(`${ms} ms pass`, async (_, real) => {
    if (real.hanging.some(({ since }) => real.clock.now() + ms - since > 7_000)) await endHanging(real)
    real.clock.advance(ms)
  }),
)

const restarts = fc.nat(2).map((i) =>
  step(`restart instance ${i}`, async (_, real) => {
    real.instances[i] = real.instance()
  }),
)

test("no value is older than the last clear or its time, none comes after revocation, none is another platform's", async () => {
  const often = [resolves, resolves, resolves, begins]
  const steps = fc.commands([...often, ends, rotates, clears, narrows, deletes, redis, passes, restarts], {
    maxCommands: 40,
    size: "max",
  })
  await fc.assert(
    fc.asyncProperty(steps, async (commands) => {
      await fc.asyncModelRun(setup, commands)
    }),
    { numRuns: 80, endOnFailure: true },
  )
})

async function setup(): Promise<{ model: Model; real: Real }> {
  const shared = world()
  const instances = [shared.instance(), shared.instance(), shared.instance()]
  // The same id on both platforms: only the platform tells them apart.
  const id = newConnectionId()
  const tenant = (): Tenant => ({
    id,
    exists: true,
    open: true,
    ttlMs: 60_000,
    ended: [Number.POSITIVE_INFINITY],
    floor: 0,
  })
  const real: Real = { ...shared, instances, hanging: [] }
  for (const platform of platforms) {
    const [one] = instances
    if (one) await connect(one, { id, settings: { cacheTtlSeconds: 60 } }, adminOf(platform))
    shared.vault.documents.set(documentOf(platform), { key: textOf(platform, 0) })
  }
  return { model: { tenants: { acme: tenant(), evil: tenant() } }, real }
}
