import fc from "fast-check"
import { changing, oneOf, rotating, settings, type Tenants } from "./actions.ts"
import { calm, type Real, steps } from "./steps.ts"
import { createTenant, documents, type Platform, platforms } from "./tenant.ts"
import type { World, Writes } from "./world.ts"

/** How it begins, and what then happens; a counterexample lists it. */
const stories = fc.record({
  settings: fc.record({ acme: settings, evil: settings }),
  writes: oneOf<Writes>(["as they should be", 2], ["lasting", 1]),
  steps,
})

type Story = typeof stories extends fc.Arbitrary<infer One> ? One : never

/** Has a story happen, and checks every answer. */
async function happen({ settings, writes, steps }: Story, world: World): Promise<void> {
  const tenantOf = (platform: Platform) => createTenant(world.platformId(platform), world)
  const tenants: Tenants = { acme: tenantOf("acme"), evil: tenantOf("evil") }
  const real: Real = { world, hanging: [] }
  world.redis.writes(writes)
  try {
    for (const platform of platforms) {
      for (const document of documents) await rotating(platform, document).begin(tenants, world)
      // No time is to pass while the first of all loads what creates it.
      await changing(0, platform, { kind: "create", settings: settings[platform] }).begin(tenants, world)
    }
    await fc.asyncModelRun(() => ({ model: tenants, real }), steps)
    await calm(tenants, real)
  } finally {
    for (const { release } of real.hanging) release()
  }
}

/**
 * Has random stories happen, each in a world of its own. None begins after `enoughMs`: a busy machine tries fewer.
 * @param open makes a world; `pauses` are how long what is asked there takes, in turns of the event loop
 */
export async function holdsIn(
  open: (pauses: readonly number[]) => Promise<World>,
  { enoughMs, ...parameters }: fc.Parameters<[Story, number[]]> & { enoughMs: number },
): Promise<void> {
  const end = performance.now() + enoughMs
  const pauses = fc.array(fc.nat(3), { maxLength: 20 })
  const property = fc.asyncProperty(stories, pauses, async (story, pauses) => {
    if (performance.now() < end) await happen(story, await open(pauses))
  })
  // What passed yesterday passes today: other seeds are tried by hand.
  await fc.assert(property, { seed: Number(process.env.FUZZ_SEED ?? 1), ...parameters })
}
