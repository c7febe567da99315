import fc from "fast-check"
import {
  type Action,
  asking,
  changes,
  changing,
  instances,
  mending,
  platformsAtWork,
  questions,
  questionsAround,
  rotating,
  rotations,
  settings,
  type Tenants,
} from "./actions.ts"
import { documents, type Platform, patienceMs } from "./tenant.ts"
import type { World, Writes } from "./world.ts"

export interface Real {
  world: World
  /** Questions whose answers are on their way. */
  hanging: Hanging[]
}

interface Hanging {
  platform: Platform
  since: number
  release(): void
  done: Promise<void>
}

export type Step = fc.AsyncCommand<Tenants, Real>

const step = (name: string, run: Step["run"]): Step => ({ check: () => true, run, toString: () => name })

/** While what hangs goes on hanging. */
const passing = ({ begin }: Action, tenants: Tenants, { world }: Real): Promise<void> =>
  world.passing(begin(tenants, world))

/** What hangs is let go once this is under way, since it may wait for that. */
async function amongHanging(work: Promise<void>, real: Real): Promise<void> {
  work.catch(() => {})
  await real.world.begun(work)
  await endHanging(real)
  await real.world.passing(work)
}

export async function endHanging({ world, hanging }: Real): Promise<void> {
  const released = hanging.splice(0)
  for (const { release } of released) release()
  for (const { done } of released) await world.passing(done)
}

async function rotateAll(platform: Platform, tenants: Tenants, real: Real): Promise<void> {
  for (const document of documents) await passing(rotating(platform, document), tenants, real)
}

/** For longer nobody waits for the lease of another, whose fetch hangs. */
const leaseMs = 5_000

async function pass(ms: number, tenants: Tenants, real: Real): Promise<void> {
  const { world, hanging } = real
  const waited = Math.max(0, ...hanging.map(({ since }) => world.now() + ms - since))
  if (waited > leaseMs) await endHanging(real)
  world.advance(ms)
  if (waited > patienceMs) for (const { platform } of hanging) tenants[platform].stalled()
}

const ask = questions.map(({ name, begin }) =>
  step(name, (tenants, real) => amongHanging(begin(tenants, real.world), real)),
)

const alone = (actions: fc.Arbitrary<Action>) =>
  actions.map((action) => step(action.name, (tenants, real) => passing(action, tenants, real)))

/** With new values between, so that it shows where an old one is answered. */
const askAround = questionsAround.map(({ before, change, after }) =>
  step(`${before.name}; rotate; ${change.name}; ${after.name}`, async (tenants, real) => {
    await amongHanging(before.begin(tenants, real.world), real)
    await rotateAll(change.platform, tenants, real)
    await passing(change, tenants, real)
    await amongHanging(after.begin(tenants, real.world), real)
  }),
)

const replace = fc.tuple(instances, platformsAtWork, settings).map(([instance, platform, settings]) =>
  step(`${platform}: delete, rotate and create again, on ${instance}`, async (tenants, real) => {
    await passing(changing(instance, platform, { kind: "delete" }), tenants, real)
    await rotateAll(platform, tenants, real)
    await passing(changing(instance, platform, { kind: "create", settings }), tenants, real)
  }),
)

const atOnce = fc
  .array(fc.oneof(questions, questions, questions, changes, rotations), { minLength: 2, maxLength: 5 })
  .map((actions) =>
    actions.filter(
      ({ kind, platform }, i) =>
        kind === "question" ||
        actions.findIndex((other) => other.kind === kind && other.platform === platform) === i,
    ),
  )
  .map((actions) =>
    step(`at once (${actions.map(({ name }) => name).join("; ")})`, (tenants, real) => {
      const all = Promise.allSettled(actions.map(({ begin }) => begin(tenants, real.world)))
      return amongHanging(all.then(throwFirst), real)
    }),
  )

function throwFirst(ended: readonly PromiseSettledResult<void>[]): void {
  for (const one of ended) if (one.status === "rejected") throw one.reason
}

/** The secret manager has read, but its answer is on its way. */
const hang = fc
  .record({
    question: questions,
    rotate: fc.boolean(),
    ms: fc.constantFrom(0, 0, 4_000),
    again: fc.boolean(),
  })
  .map(({ question: { name, platform, begin }, rotate, ms, again }) => {
    const then = `${rotate ? "; rotate" : ""}; ${ms} ms pass${again ? "; ask again" : ""}`
    return step(`begin to ${name}${then}`, async (tenants, real) => {
      const { world, hanging } = real
      const held = world.hold()
      const done = begin(tenants, world)
      done.catch(() => {})
      await world.begun(done)
      held.noMore()
      hanging.push({ platform, since: world.now(), release: held.release, done })
      if (rotate) await rotateAll(platform, tenants, real)
      await pass(ms, tenants, real)
      if (again) await amongHanging(begin(tenants, world), real)
    })
  })

const arrive = fc.constant(step("what is on its way arrives", (_, real) => endHanging(real)))

const fail = fc
  .record({
    platform: platformsAtWork,
    on: fc.boolean(),
    rotate: fc.boolean(),
    ms: fc.constantFrom(0, 60_000, 600_000),
  })
  .map(({ platform, on, rotate, ms }) => {
    const then = `${rotate ? "; rotate" : ""}; ${ms} ms pass`
    return step(`${platform}'s secret manager ${on ? "fails" : "works"}${then}`, async (tenants, real) => {
      real.world.outage(platform, on)
      tenants[platform].outage(on)
      if (rotate) await rotateAll(platform, tenants, real)
      await pass(ms, tenants, real)
    })
  })

const share = fc.nat(99).map((percent) => percent / 100)

const troubleRedis = fc.oneof(
  fc
    .oneof(fc.constant([]), fc.constant([0, 1, 2]), fc.subarray([0, 1, 2]))
    .map((from) =>
      step(`Redis is out of reach of ${from.length > 0 ? from.join() : "none"}`, async (_, { world }) =>
        world.redis.outOfReachOf(from),
      ),
    ),
  share.map((entry) => step(`Redis loses an entry at ${entry}`, (_, { world }) => world.redis.lose(entry))),
  fc.constant(step("Redis loses all", (_, { world }) => world.redis.loseAll())),
  fc
    .tuple(share, share)
    .map(([one, other]) =>
      step(`swap ${one} and ${other} in Redis`, (_, { world }) => world.redis.swap(one, other)),
    ),
  fc.constant(step("keep a snapshot of Redis", (_, { world }) => world.redis.keepSnapshot())),
  fc
    .boolean()
    .map((alone) =>
      step(`put the snapshot ${alone ? "in the place of" : "over"} what Redis has`, (_, { world }) =>
        world.redis.restore({ alone }),
      ),
    ),
  fc
    .constantFrom<Writes>("as they should be", "lost", "lasting")
    .map((are) => step(`writes to Redis are ${are}`, async (_, { world }) => world.redis.writes(are))),
)

const wait = fc
  .constantFrom(500, 4_000, 30_000, 58_000, 60_000, 600_000, 3_600_000)
  .map((ms) => step(`${ms} ms pass`, (tenants, real) => pass(ms, tenants, real)))

const restart = instances.map((instance) =>
  step(`restart ${instance}`, (_, { world }) => world.restart(instance % world.instances)),
)

const weighted: [fc.Arbitrary<Step>, number][] = [
  [ask, 7],
  [askAround, 4],
  [atOnce, 2],
  [hang, 2],
  [fail, 2],
  [troubleRedis, 2],
  [alone(changes), 1],
  [alone(mending), 1],
  [alone(rotations), 1],
  [replace, 1],
  [arrive, 1],
  [wait, 1],
  [restart, 1],
]

/** What may happen, in a random order. */
export const steps = fc.commands<Tenants, Real, false>(
  weighted.flatMap(([one, times]) => Array<fc.Arbitrary<Step>>(times).fill(one)),
  { maxCommands: 60, size: "max" },
)

/** All is well again, and everything is answered. */
export async function calm(tenants: Tenants, real: Real): Promise<void> {
  const { world } = real
  await endHanging(real)
  world.redis.outOfReachOf([])
  world.redis.writes("as they should be")
  for (const [platform, tenant] of Object.entries(tenants) as [Platform, Tenants[Platform]][]) {
    world.outage(platform, false)
    tenant.outage(false)
  }
  world.advance(60_000)
  for (const platform of Object.keys(tenants) as Platform[])
    for (let instance = 0; instance < world.instances; instance++)
      for (const document of documents)
        await passing(asking(instance, platform, { documents: [document], project: "p1" }), tenants, real)
}
