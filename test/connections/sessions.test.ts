import { afterEach, beforeEach, describe, expect, test } from "vitest"
import type { CacheEpoch } from "../../core/connections/cache-epoch.ts"
import { createSessionBook } from "../../core/connections/sessions.ts"
import type { ConnectionUse } from "../../core/connections/use.ts"
import { createKeyring, type PlatformKeys } from "../../core/crypto/keyring.ts"
import { ProviderError, type Reason } from "../../core/errors.ts"
import type { Session, Sessions } from "../../core/providers/provider.ts"
import { optionalRedis } from "../../core/redis/optional.ts"
import { Secret } from "../../core/secret.ts"
import { memoryKms } from "../support/memory-kms.ts"
import { type MemoryRedis, memoryRedis } from "../support/memory-redis.ts"
import { type MovedClock, movedClock, passing, turn } from "../support/moved-clock.ts"

const minutes = 60_000
const epoch: CacheEpoch = {
  platformId: "acme",
  connectionId: "smc_1",
  configId: "config",
  generation: "generation",
  platformGeneration: "platform",
}
const signal = new AbortController().signal

let clock: MovedClock
let redis: MemoryRedis
let keys: PlatformKeys
let counted: string[]
/** What the secret manager knows: how often someone logged in, and how it answers. */
let manager: { logins: number; failure: Reason | undefined; gate: Promise<unknown> | undefined }

beforeEach(async () => {
  clock = movedClock()
  redis = memoryRedis(clock)
  const keyring = createKeyring({ kms: memoryKms(), clock })
  keys = await keyring.unwrap({ platformId: "acme", rootKey: await keyring.generate("acme") })
  counted = []
  manager = { logins: 0, failure: undefined, gate: undefined }
})

afterEach(() => {
  for (const { value } of redis.entries.values())
    expect(Buffer.from(value, "base64").toString()).not.toContain("token")
})

/** The sessions of an instance, as a request sees them whose record has this epoch. */
function instance() {
  const metrics = { count: (name: string) => void counted.push(name), time: () => {} }
  const book = createSessionBook({ redis: optionalRedis({ redis, clock, metrics }), clock, metrics })
  return {
    book,
    sessions: (changed: Partial<CacheEpoch> = {}, shared = true) => book.of(useWith(changed), { shared }),
  }
}

function useWith(changed: Partial<CacheEpoch> = {}): ConnectionUse {
  const record = { providerId: "hashicorp" } as ConnectionUse["record"]
  return { record, keys, epoch: { ...epoch, ...changed }, key: "" }
}

async function login(): Promise<Session> {
  manager.logins++
  const { logins } = manager
  await manager.gate
  if (manager.failure) throw new ProviderError(manager.failure, "Failing, as the test wants it.")
  return { token: new Secret(`token ${logins}`), expiresAt: clock.now() + 10 * minutes, notes: {} }
}

const current = async (sessions: Sessions) => (await sessions.current(login, signal)).token.reveal()
const replace = async (sessions: Sessions, rejected: string) => {
  const session = { token: new Secret(rejected), expiresAt: clock.now() + minutes, notes: {} }
  return (await passing(clock, sessions.replace(session, login, signal))).token.reveal()
}

describe("a session", () => {
  test("is used until it ends, by every instance, and then replaced by one", async () => {
    const [a, b] = [instance().sessions(), instance().sessions()]
    expect([await current(a), await current(a), await current(b)]).toEqual(["token 1", "token 1", "token 1"])
    clock.advance(10 * minutes - 1)
    expect(await current(b)).toBe("token 1")
    clock.advance(1)
    expect([await current(b), await current(a)]).toEqual(["token 2", "token 2"])
  })

  test("outlives a clear: of the connection, and of the platform", async () => {
    const one = instance()
    await current(one.sessions())
    const cleared = { generation: "other", platformGeneration: "other" }
    expect(await current(one.sessions(cleared))).toBe("token 1")
    expect(await current(instance().sessions(cleared))).toBe("token 1")
  })

  test("ends with an update of the configuration, in memory and in Redis", async () => {
    const one = instance()
    await current(one.sessions())
    const updated = { configId: "other" }
    expect(await current(one.sessions(updated))).toBe("token 2")
    expect(await current(instance().sessions(updated))).toBe("token 2")
  })

  test("with a long token takes room from others like it, and all of them no more than 16 MiB", async () => {
    const one = instance()
    const long = async () => ({ ...(await login()), token: new Secret("x".repeat(1024 * 1024)) })
    const ids = Array.from({ length: 40 }, (_, i) => `smc_${i}`)
    const use = (connectionId: string) => one.sessions({ connectionId }).current(long, signal)
    for (const id of ids) await use(id)
    for (const id of ids.slice(-15)) await use(id)
    expect(manager.logins).toBe(40)
    await passing(clock, use(ids[0] ?? ""))
    expect(manager.logins).toBe(41)
  })

  test("is no other connection's, and no other platform's", async () => {
    await current(instance().sessions())
    expect(await current(instance().sessions({ connectionId: "smc_2" }))).toBe("token 2")
    expect(await current(instance().sessions({ platformId: "evil" }))).toBe("token 3")
  })

  test("comes with what was learnt by it, on every instance", async () => {
    const [a, b] = [instance().sessions(), instance().sessions()]
    const session = await a.current(login, signal)
    await a.note(session, { "mount secret/": "2" })
    const noted = await a.note(session, { "mount kv/": "1" })
    expect(noted.notes).toEqual({ "mount secret/": "2", "mount kv/": "1" })
    expect((await b.current(login, signal)).notes).toEqual(noted.notes)
  })

  test("that was replaced meanwhile does not come back by a note", async () => {
    const a = instance().sessions()
    const old = await a.current(login, signal)
    await replace(a, "token 1")
    expect((await a.note(old, { x: "y" })).notes).toEqual({ x: "y" })
    expect([await current(a), await current(instance().sessions())]).toEqual(["token 2", "token 2"])
  })

  test("stays with its instance where nothing is shared", async () => {
    const [a, b] = [instance().sessions({}, false), instance().sessions({}, false)]
    expect([await current(a), await current(b), await current(a)]).toEqual(["token 1", "token 2", "token 1"])
    await a.note(await a.current(login, signal), { x: "y" })
    expect(redis.asked.pipelines).toBe(0)
  })

  test("is per instance while Redis is down", async () => {
    redis.down = true
    const [a, b] = [instance().sessions(), instance().sessions()]
    expect([await current(a), await current(b), await current(a)]).toEqual(["token 1", "token 2", "token 1"])
  })

  test("that Redis offered is taken, but not over one that is live here", async () => {
    const [a, b, c] = [instance(), instance(), instance()]
    await current(a.sessions())
    const offered = Buffer.from(redis.entries.get(a.book.nameOf(useWith()))?.value ?? "", "base64")
    b.book.offer(useWith(), offered)
    const before = redis.asked.pipelines
    expect(await current(b.sessions())).toBe("token 1")
    expect(redis.asked.pipelines).toBe(before)
    await replace(c.sessions(), "token 1")
    c.book.offer(useWith(), offered)
    expect(await current(c.sessions())).toBe("token 2")
  })

  test("that Redis offers past its time, or altered, is none", async () => {
    const [a, b] = [instance(), instance()]
    await current(a.sessions())
    const offered = Buffer.from(redis.entries.get(a.book.nameOf(useWith()))?.value ?? "", "base64")
    const altered = Buffer.from(offered)
    altered.writeUInt8(altered.readUInt8(40) ^ 1, 40)
    b.book.offer(useWith(), altered)
    clock.advance(10 * minutes)
    b.book.offer(useWith(), offered)
    expect(await current(b.sessions())).toBe("token 2")
  })
})

describe("a session that is rejected", () => {
  test("is replaced by a login, which every other instance then takes over", async () => {
    const [a, b] = [instance().sessions(), instance().sessions()]
    await current(a)
    await current(b)
    expect(await replace(a, "token 1")).toBe("token 2")
    expect(await replace(b, "token 1")).toBe("token 2")
    expect(manager.logins).toBe(2)
  })

  test("is not replaced where this instance has another already", async () => {
    const a = instance().sessions()
    await current(a)
    expect(await replace(a, "some older token")).toBe("token 1")
    expect(manager.logins).toBe(1)
  })

  test("by many at once is replaced by one login, here and elsewhere", async () => {
    const all = [instance().sessions(), instance().sessions(), instance().sessions()]
    for (const one of all) await current(one)
    const replacing = Promise.all(all.flatMap((one) => [1, 2, 3].map(() => replace(one, "token 1"))))
    expect(new Set(await passing(clock, replacing))).toEqual(new Set(["token 2"]))
    expect(manager.logins).toBe(2)
  })

  test("is not given again to one who joins a login that had begun before it was rejected", async () => {
    const a = instance().sessions()
    await current(a)
    const b = instance()
    const [first, second] = [b.sessions().current(login, signal), replace(b.sessions(), "token 1")]
    expect((await first).token.reveal()).toBe("token 1")
    expect(await passing(clock, second)).toBe("token 2")
  })

  test("right after it was made is replaced without waiting for a lease to end", async () => {
    const a = instance().sessions()
    const from = clock.now()
    await replace(a, await replace(a, await current(a)))
    expect(manager.logins).toBe(3)
    expect(clock.now() - from).toBeLessThan(500)
  })

  test("and replaced by another's keeps no lease, should that be rejected as well", async () => {
    const [a, b] = [instance().sessions(), instance().sessions()]
    for (const one of [a, b]) await current(one)
    await replace(a, "token 1")
    clock.advance(5_000)
    expect(await replace(b, "token 1")).toBe("token 2")
    const from = clock.now()
    expect(await passing(clock, replace(b, "token 2"))).toBe("token 3")
    expect(clock.now() - from).toBeLessThan(500)
  })
})

describe("logging in", () => {
  test("is done by one, and the others wait for what it stores", async () => {
    const gate = Promise.withResolvers<void>()
    manager.gate = gate.promise
    const all = Promise.all([1, 2, 3].map(() => current(instance().sessions())))
    await turn()
    expect(manager.logins).toBe(1)
    gate.resolve()
    expect(await passing(clock, all)).toEqual(["token 1", "token 1", "token 1"])
    expect(manager.logins).toBe(1)
  })

  test.each<Reason>(["BAD_CREDENTIALS", "UNREACHABLE"])(
    "that fails fails for all who wait: %s",
    async (reason) => {
      manager.failure = reason
      const from = clock.now()
      const all = Promise.allSettled([1, 2, 3].map(() => current(instance().sessions())))
      for (const one of await passing(clock, all)) expect(one).toMatchObject({ reason: { reason } })
      expect(manager.logins).toBe(1)
      expect(clock.now() - from).toBeLessThan(500)
    },
  )

  test("that failed is tried again after a clear, and when the failure's time is up", async () => {
    manager.failure = "BAD_CREDENTIALS"
    const one = instance()
    await expect(current(one.sessions())).rejects.toThrow()
    manager.failure = undefined
    await expect(current(one.sessions())).rejects.toMatchObject({ reason: "BAD_CREDENTIALS" })
    expect(await current(one.sessions({ generation: "other" }))).toBe("token 2")
    const other = { connectionId: "smc_2" }
    manager.failure = "BAD_CREDENTIALS"
    await expect(current(one.sessions(other))).rejects.toThrow()
    manager.failure = undefined
    clock.advance(10_000)
    expect(await current(one.sessions(other))).toBe("token 4")
  })

  test("is taken over when its holder died, as soon as the lease ends", async () => {
    manager.gate = new Promise(() => {})
    void current(instance().sessions())
    await turn()
    manager.gate = undefined
    const from = clock.now()
    expect(await passing(clock, current(instance().sessions()))).toBe("token 2")
    expect(clock.now() - from).toBeGreaterThanOrEqual(5_000)
    expect(clock.now() - from).toBeLessThan(5_500)
  })

  test("goes on for those who wait when the one who began leaves", async () => {
    manager.gate = new Promise(() => {})
    const leaving = new AbortController()
    const sessions = instance().sessions({}, false)
    const begun = sessions
      .current(async (aborting) => {
        const left = Promise.withResolvers<never>()
        aborting.addEventListener("abort", () => left.reject(new Error("left")))
        return left.promise
      }, leaving.signal)
      .catch((error: Error) => error.message)
    const waiting = current(sessions)
    manager.gate = undefined
    leaving.abort()
    expect(await begun).toBe("left")
    expect(await waiting).toBe("token 1")
  })

  test("does not hold one who waits for it beyond their own time", async () => {
    manager.gate = new Promise(() => {})
    const sessions = instance().sessions()
    void current(sessions)
    await turn()
    const leaving = new AbortController()
    const waiting = sessions.current(login, leaving.signal)
    leaving.abort(new Error("out of time"))
    await expect(waiting).rejects.toThrow("out of time")
  })

  test("happens six times a minute at most, for each connection and instance", async () => {
    const one = instance()
    const sessions = one.sessions()
    let token = await current(sessions)
    for (let i = 2; i <= 6; i++) {
      clock.advance(6_000)
      token = await replace(sessions, token)
    }
    clock.advance(6_000)
    await expect(replace(sessions, token)).rejects.toMatchObject({ reason: "THROTTLED" })
    expect(manager.logins).toBe(6)
    expect(await current(one.sessions({ connectionId: "smc_2" }))).toBe("token 7")
    // Another instance has logins of its own, and is neither told that they are used up nor kept waiting.
    const from = clock.now()
    expect(await passing(clock, replace(instance().sessions(), token))).toBe("token 8")
    expect(clock.now() - from).toBeLessThan(500)
    expect(await replace(sessions, token)).toBe("token 8")
    expect(counted.filter((name) => name === "ProviderLogin")).toHaveLength(8)
  })

  test("is possible again a minute after the first of six", async () => {
    const sessions = instance().sessions({}, false)
    let token = await current(sessions)
    for (let i = 2; i <= 6; i++) token = await replace(sessions, token)
    await expect(replace(sessions, token)).rejects.toMatchObject({ reason: "THROTTLED" })
    clock.advance(minutes)
    expect(await replace(sessions, token)).toBe("token 7")
  })

  test("is not kept from anyone by what stands in the lease's place and is none", async () => {
    const taken = () => Promise.all([current(instance().sessions()), turn()])
    const before = new Set(redis.entries.keys())
    await taken()
    const names = [...redis.entries.keys()].filter((name) => !before.has(name))
    clock.advance(10 * minutes)
    for (const name of names) redis.entries.set(name, { value: "garbage", until: Number.POSITIVE_INFINITY })
    expect(await current(instance().sessions())).toBe("token 2")
  })
})
