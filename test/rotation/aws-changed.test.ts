import fc from "fast-check"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { awsEvents } from "../../core/contract/aws-events.ts"
import { LatchkeyError, ProviderError, type Reason, reasons } from "../../core/errors.ts"
import { newRequestId } from "../../core/ids.ts"
import type { Latchkey } from "../../core/latchkey.ts"
import type { AwsPlace } from "../../core/providers/provider.ts"
import { Secret } from "../../core/secret.ts"
import { admin, callerOf, connect, resolve, service, update, world } from "../support/instance.ts"
import { account, call, changes, others, parameterChange, region, serviceEvent } from "./recorded-events.ts"

const here: AwsPlace = { account, region }
const globex = { ...admin, platformId: "globex" }
const config = (id = "AKIAEXAMPLE") => ({
  region: "us-west-2",
  accessKeyId: id,
  secretAccessKey: new Secret("s3cret"),
})

let deployment: ReturnType<typeof world>
let latchkey: Latchkey
beforeEach(() => {
  deployment = world()
  latchkey = deployment.instance()
  // The events happened 20 seconds after it began, and take 10 to arrive.
  deployment.clock.advance(Date.parse(call("PutSecretValue").time) + 10_000 - deployment.clock.now())
})

afterEach(() => vi.restoreAllMocks())

/** A connection whose test finds the credentials to belong there. */
async function connectAt(
  aws: AwsPlace | undefined,
  providerId: "aws" | "aws-ssm" | "hashicorp" = "aws",
  principal = admin,
): Promise<string> {
  findAt(aws)
  const given = providerId === "hashicorp" ? {} : { providerId, config: config() }
  return connect(latchkey, given, principal)
}

function findAt(aws: AwsPlace | undefined): void {
  deployment.vault.check = async () => ({
    steps: [{ name: "authenticate", ok: true }],
    warnings: [],
    ...(aws && { aws }),
  })
}

const sendAll = (events: unknown[], on = latchkey) =>
  on.awsChanged({
    events,
    requestId: newRequestId(),
    audit: on.audit.request(),
    signal: new AbortController().signal,
  })

/** What becomes of one. */
async function send(event: unknown, on = latchkey): Promise<{ ignored: string } | { cleared: number }> {
  const { ignored, cleared, failed } = await sendAll([event], on)
  if (failed[0]) throw failed[0].error
  return ignored[0] === undefined ? { cleared } : { ignored: ignored[0] }
}

const generationOf = (id: string) =>
  [...deployment.store.connections.values()].find((one) => one.id === id)?.generation

/** Which of the connections the event has cleared. */
async function cleared(event: unknown, ...ids: string[]): Promise<string[]> {
  const before = ids.map(generationOf)
  await send(event)
  return ids.filter((id, i) => generationOf(id) !== before[i])
}

describe("an event about a changed secret", () => {
  test("clears the caches of connections to its account: no later resolve gets what was before", async () => {
    const id = await connectAt(here)
    const value = `{{secret://${id}/prod/db}}`
    deployment.vault.documents.set("prod/db", { string: "old" })
    await resolve(latchkey, value)
    deployment.vault.documents.set("prod/db", { string: "new" })
    expect(await resolve(deployment.instance(), value)).toMatchObject({ value: "old" })

    expect(await send(serviceEvent("RotationSucceeded"))).toEqual({ cleared: 1 })
    for (const instance of [latchkey, deployment.instance()])
      expect(await resolve(instance, value)).toMatchObject({ value: "new" })
  })

  test("clears them while Redis cannot be reached", async () => {
    const id = await connectAt(here)
    deployment.redis.down = true
    expect(await cleared(call("PutSecretValue"), id)).toEqual([id])
  })

  test.each(Object.entries(changes))("clears them for %s", async (_, event) => {
    const id = await connectAt(here, "aws-ssm")
    expect(await cleared(event, id)).toEqual([id])
  })

  test("of every platform that has credentials of the account, and of no other", async () => {
    const ours = await connectAt(here)
    const theirs = await connectAt(here, "aws", globex)
    const ofAnother = await connectAt({ ...here, account: "210987654321" })
    const vault = await connectAt(undefined, "hashicorp")
    expect(await cleared(call("PutSecretValue"), ours, theirs, ofAnother, vault)).toEqual([ours, theirs])
  })

  test("a secret has replicas in other regions, a parameter has none", async () => {
    const secrets = await connectAt(here)
    const parameters = await connectAt(here, "aws-ssm")
    const elsewhere = await connectAt({ ...here, region: "eu-west-1" })
    const parametersElsewhere = await connectAt({ ...here, region: "eu-west-1" }, "aws-ssm")
    const all = [secrets, parameters, elsewhere, parametersElsewhere]
    expect(await cleared(parameterChange("Update"), ...all)).toEqual([parameters])
    deployment.clock.advance(60_000)
    const later = { ...call("PutSecretValue"), time: new Date(deployment.clock.now()).toISOString() }
    expect(await cleared(later, ...all)).toEqual(all)
  })

  test.each(Object.entries(others))(
    "clears nothing for what is no change: %s",
    async (_, [event, ignored]) => {
      const ids = [await connectAt(here), await connectAt(here, "aws-ssm")]
      deployment.audit.length = 0
      expect(await cleared(event, ...ids)).toEqual([])
      expect(await send(event)).toEqual({ ignored })
      expect(deployment.audit).toEqual([])
    },
  )

  test("is in the audit of each platform, without what has changed or who changed it", async () => {
    const ours = await connectAt(here)
    const theirs = await connectAt(here, "aws", globex)
    deployment.audit.length = 0
    await send(call("PutSecretValue"))
    expect(deployment.audit).toMatchObject([
      { platformId: "acme", connectionId: ours, action: "cache.cleared", actor: "aws-event" },
      { platformId: "globex", connectionId: theirs, action: "cache.cleared", actor: "aws-event" },
    ])
    expect(JSON.stringify(deployment.audit)).not.toMatch(/prod\/db|rotation|123456789012/)
  })

  test("clears all, however many there are", async () => {
    const ids = await Promise.all(Array.from({ length: 30 }, () => connectAt(here)))
    expect(await send(call("PutSecretValue"))).toEqual({ cleared: 30 })
    expect(new Set(ids.map(generationOf)).size).toBe(30)
  })
})

describe("events of one rotation", () => {
  test("clear once, if all has happened when the first arrives", async () => {
    const id = await connectAt(here)
    expect(await cleared(call("PutSecretValue"), id)).toEqual([id])
    deployment.audit.length = 0
    for (const event of [call("UpdateSecretVersionStage"), serviceEvent("RotationSucceeded")])
      expect(await cleared(event, id)).toEqual([])
    expect(deployment.audit).toEqual([])
  })

  test("that come again, or late, change nothing", async () => {
    const id = await connectAt(here)
    await send(call("PutSecretValue"))
    deployment.clock.advance(3_600_000)
    expect(await cleared(call("PutSecretValue"), id)).toEqual([])
  })

  test("of after the clear, or so shortly before that clocks may differ, clear again", async () => {
    const id = await connectAt(here)
    await send(call("PutSecretValue"))
    const at = (ms: number) => ({
      ...serviceEvent("RotationSucceeded"),
      time: new Date(deployment.clock.now() + ms).toISOString(),
    })
    expect(await cleared(at(-5_001), id)).toEqual([])
    expect(await cleared(at(-5_000), id)).toEqual([])
    expect(await cleared(at(-4_000), id)).toEqual([id])
    expect(await cleared(at(60_000), id)).toEqual([id])
  })

  test("at once on many instances clear once", async () => {
    const id = await connectAt(here)
    const outcomes = await Promise.all(
      [1, 2, 3, 4].map(() => send(call("PutSecretValue"), deployment.instance())),
    )
    expect(outcomes.map((outcome) => ("cleared" in outcome ? outcome.cleared : 0)).sort()).toEqual([
      0, 0, 0, 1,
    ])
    expect(generationOf(id)).toBeDefined()
  })
})

describe("events that come together", () => {
  test("are one for each account, the latest", async () => {
    const id = await connectAt(here)
    const elsewhere = await connectAt({ ...here, account: "210987654321" })
    const find = vi.spyOn(deployment.store, "find")
    const clear = vi.spyOn(deployment.store, "clearByEvent")
    const latest = deployment.clock.now() - 2_000
    const events = [40_000, 0, 3_000].map((before) => ({
      ...call("PutSecretValue"),
      time: new Date(latest - before).toISOString(),
    }))
    await sendAll([...events, ...events.map((event) => ({ ...event, account: "210987654321" }))])
    expect(find).toHaveBeenCalledTimes(2)
    const cleared = clear.mock.calls.map(([, id, { effectiveFrom }]) => [id, effectiveFrom])
    expect(cleared).toEqual([id, elsewhere].map((one) => [one, latest + 5_000]))
  })

  test("fail by place: what cannot be cleared comes again, and holds up nothing else", async () => {
    const id = await connectAt(here)
    const failing = await connectAt({ ...here, account: "210987654321" }, "aws", globex)
    const clear = deployment.store.clearByEvent
    vi.spyOn(deployment.store, "clearByEvent").mockImplementation(async (platformId, ...rest) => {
      if (platformId === "globex") throw new LatchkeyError("UNAVAILABLE", "This partition is busy.")
      return clear(platformId, ...rest)
    })
    const before = [id, failing].map(generationOf)
    const theirs = { ...call("PutSecretValue"), account: "210987654321" }
    const outcome = await sendAll([theirs, call("PutSecretValue"), { hello: 1 }, theirs])
    expect(outcome).toMatchObject({
      ignored: ["not an event of EventBridge's form"],
      cleared: 1,
      failed: [{ error: { code: "UNAVAILABLE" }, events: [0, 3] }],
    })
    expect(generationOf(id)).not.toBe(before[0])
    expect(generationOf(failing)).toBe(before[1])
  })

  test("fail for one platform without holding up another with credentials of the same account", async () => {
    const ours = [await connectAt(here), await connectAt(here, "aws-ssm")]
    const theirs = await Promise.all(Array.from({ length: 30 }, () => connectAt(here, "aws", globex)))
    ours.push(await connectAt(here))
    const clear = deployment.store.clearByEvent
    let tries = 0
    vi.spyOn(deployment.store, "clearByEvent").mockImplementation(async (platformId, ...rest) => {
      if (platformId !== "globex") return clear(platformId, ...rest)
      tries++
      throw new LatchkeyError("UNAVAILABLE", "This partition is busy.")
    })
    const generations = ours.map(generationOf)
    expect(await sendAll([call("PutSecretValue")])).toMatchObject({
      cleared: 3,
      failed: [{ error: { code: "UNAVAILABLE" }, events: [0] }],
    })
    expect(ours.filter((id, i) => generationOf(id) !== generations[i])).toEqual(ours)
    expect(tries).toBeLessThanOrEqual(8)

    vi.restoreAllMocks()
    expect(await send(call("PutSecretValue"))).toEqual({ cleared: theirs.length })
  })

  test("a thousand in a minute clear a connection once in ten seconds, and each has its clear", async () => {
    const event = fc.record({ after: fc.nat(60_000), late: fc.oneof(fc.nat(2_000), fc.nat(30_000)) })
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 300, maxLength: 1_000, size: "max" }), async (drawn) => {
        deployment = world()
        const instances = [deployment.instance(), deployment.instance()]
        const [first = latchkey] = instances
        latchkey = first
        await connectAt(here)
        deployment.audit.length = 0
        const start = deployment.clock.now()
        const keptMs = awsEvents.delaySeconds * 1000
        const queued = drawn
          .map(({ after, late }) => ({ at: start + after, comes: start + after + keptMs + late }))
          .sort((a, b) => a.comes - b.comes)
        const clears = () => deployment.audit.map(({ at }) => at)
        for (let from = 0, turn = 0; from < queued.length; turn++) {
          const { comes } = queued[from] as (typeof queued)[number]
          // What comes within a second comes together, up to a hundred.
          const batch = queued.slice(from, from + 100).filter((one) => one.comes < comes + 1_000)
          from += batch.length
          deployment.clock.advance(Math.max(0, (batch.at(-1)?.comes ?? 0) - deployment.clock.now()))
          // AWS cuts times to the second.
          const events = batch.map(({ at }) => ({
            ...call("PutSecretValue"),
            time: new Date(Math.floor(at / 1_000) * 1_000).toISOString(),
          }))
          await sendAll(events, instances[turn % 2])
          for (const { at } of batch) expect(clears().at(-1)).toBeGreaterThan(at)
        }
        const gaps = clears().flatMap((at, i, all) => (i === 0 ? [] : at - (all[i - 1] ?? 0)))
        for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(10_000)
        expect(clears().length).toBeLessThan(12)
      }),
      { numRuns: 15 },
    )
  })
})

describe("an event that cannot be acted on", () => {
  test("because the store is down, fails, to come again", async () => {
    const id = await connectAt(here)
    deployment.store.down = true
    await expect(send(call("PutSecretValue"))).rejects.toMatchObject({ code: "UNAVAILABLE" })
    deployment.store.down = false
    expect(await cleared(call("PutSecretValue"), id)).toEqual([id])
  })

  test("because its audit record cannot be stored, clears nothing and fails", async () => {
    const id = await connectAt(here)
    const before = generationOf(id)
    deployment.auditStore.down = true
    await expect(send(call("PutSecretValue"))).rejects.toMatchObject({ code: "UNAVAILABLE" })
    expect(generationOf(id)).toBe(before)
  })
})

describe("where a connection's credentials belong", () => {
  test("is known from its creation on, and not shown", async () => {
    const id = await connectAt(here)
    const shown = await latchkey.connections.get(callerOf(latchkey, admin), id)
    expect(JSON.stringify(shown)).not.toContain(account)
    expect(await cleared(call("PutSecretValue"), id)).toEqual([id])
  })

  test("follows an update of its configuration, and no other update", async () => {
    const id = await connectAt(here)
    await update(latchkey, id, { name: "Renamed", settings: { cacheTtlSeconds: 60 } })
    expect(await cleared(call("PutSecretValue"), id)).toEqual([id])

    findAt({ account: "210987654321", region })
    await update(latchkey, id, { config: { ...config("AKIAOTHER"), secretAccessKey: "s3cret" } })
    deployment.clock.advance(60_000)
    const later = { ...call("PutSecretValue"), time: new Date(deployment.clock.now()).toISOString() }
    expect(await cleared(later, id)).toEqual([])
    expect(await cleared({ ...later, account: "210987654321" }, id)).toEqual([id])

    findAt(undefined)
    await update(latchkey, id, { config: { ...config("AKIATHIRD"), secretAccessKey: "s3cret" } })
    expect(await cleared({ ...later, account: "210987654321" }, id)).toEqual([])
  })

  test("is learnt by a test that succeeds", async () => {
    const id = await connectAt(undefined)
    expect(await cleared(call("PutSecretValue"), id)).toEqual([])
    findAt(here)
    await latchkey.connections.test(callerOf(latchkey, admin), id)
    expect(await cleared(call("PutSecretValue"), id)).toEqual([id])
  })

  /** Tests the connection, where that fails so. */
  async function testFailing(id: string, reason: Reason): Promise<void> {
    const error = new ProviderError(reason, "As the test wants it.")
    deployment.vault.check = async () => ({
      steps: [{ name: "authenticate", ok: false, error }],
      warnings: [],
    })
    const { connected } = await latchkey.connections.test(callerOf(latchkey, admin), id)
    expect(connected).toBe(false)
  }

  test.each(reasons.filter((reason) => reason !== "BAD_CREDENTIALS"))(
    "is kept by a test that fails by %s",
    async (reason) => {
      const id = await connectAt(here)
      await testFailing(id, reason)
      expect(await cleared(call("PutSecretValue"), id)).toEqual([id])
    },
  )

  test("is forgotten by a test whose credentials are refused, and learnt again by one that succeeds", async () => {
    const id = await connectAt(here)
    const before = generationOf(id)
    await testFailing(id, "BAD_CREDENTIALS")
    expect(generationOf(id)).toBe(before)
    deployment.audit.length = 0
    expect(await send(call("PutSecretValue"))).toEqual({ cleared: 0 })
    expect(deployment.audit).toEqual([])

    findAt(here)
    await latchkey.connections.test(callerOf(latchkey, admin), id)
    expect(await cleared(call("PutSecretValue"), id)).toEqual([id])
  })

  test("is kept where other credentials are refused: of an update that then changes nothing", async () => {
    const id = await connectAt(here)
    deployment.vault.check = undefined
    deployment.vault.failure = "BAD_CREDENTIALS"
    const other = { ...config("AKIAOTHER"), secretAccessKey: "s3cret" }
    await expect(update(latchkey, id, { config: other })).rejects.toMatchObject({
      fields: { reason: "BAD_CREDENTIALS" },
    })
    expect(await cleared(call("PutSecretValue"), id)).toEqual([id])
  })

  test("is not forgotten by a test that another was quicker than", async () => {
    const id = await connectAt(here)
    const error = new ProviderError("BAD_CREDENTIALS", "As the test wants it.")
    deployment.vault.check = async () => {
      findAt(here)
      await latchkey.connections.test(callerOf(latchkey, admin), id)
      return { steps: [{ name: "authenticate", ok: false, error }], warnings: [] }
    }
    await latchkey.connections.test(callerOf(latchkey, admin), id)
    expect(await cleared(call("PutSecretValue"), id)).toEqual([id])
  })

  test("is not learnt by a test of a configuration that has been replaced meanwhile", async () => {
    const id = await connectAt(here)
    deployment.vault.check = async () => {
      findAt(undefined)
      await update(latchkey, id, { config: { ...config("AKIAOTHER"), secretAccessKey: "s3cret" } })
      return { steps: [{ name: "authenticate", ok: true }], warnings: [], aws: here }
    }
    expect(await latchkey.connections.test(callerOf(latchkey, admin), id)).toMatchObject({ connected: true })
    expect(await cleared(call("PutSecretValue"), id)).toEqual([])
  })

  test("ends with the connection", async () => {
    const id = await connectAt(here)
    await latchkey.connections.remove(callerOf(latchkey, admin), id)
    expect(await send(call("PutSecretValue"))).toEqual({ cleared: 0 })
    await expect(resolve(latchkey, `{{secret://${id}/x}}`, { principal: service })).rejects.toMatchObject({
      code: "ENTITY_NOT_FOUND",
    })
  })
})
