import { describe, expect, test } from "vitest"
import type { Latchkey } from "../../core/latchkey.ts"
import { Secret } from "../../core/secret.ts"
import { admin, clear, connect, connected, resolve, service, type World } from "../support/instance.ts"
import { passing } from "../support/moved-clock.ts"

const evilAdmin = { ...admin, platformId: "evil", subject: "eve" }
const evilService = { ...service, platformId: "evil", subject: "mallory" }

/** Two platforms with connections to documents of the same names, everything in Redis that there can be, and who asks. */
async function twoTenants() {
  const shared = await connected({ staleIfErrorSeconds: 600 })
  const { latchkey, vault, clock, id, reference } = shared
  const other = await connect(latchkey)
  const theirs = await connect(latchkey, {}, evilAdmin)
  vault.login = async () => ({
    token: new Secret("session-token"),
    expiresAt: clock.now() + 600_000,
    notes: {},
  })
  const tenants = [
    { of: "acme", id, principal: service, key: "a" },
    { of: "acme", id: other, principal: service, key: "b" },
    { of: "evil", id: theirs, principal: evilService, key: "c" },
  ]
  vault.documents.set("secret/data/one", { a: "acme one", b: "acme other one", c: "evil one" })
  vault.documents.set("secret/data/two", { a: "acme two", b: "acme other two", c: "evil two" })
  const asked = tenants.flatMap((tenant) => ["one", "two"].map((document) => ({ ...tenant, document })))
  const askAll = async (instance: Latchkey) => {
    const values: string[] = []
    for (const { id, principal, key, document } of asked) {
      const value = reference(`secret/data/${document}/${key}`, id)
      values.push(String((await passing(clock, resolve(instance, value, { principal }))).value))
    }
    return values
  }
  const expected = ["acme one", "acme two", "acme other one", "acme other two", "evil one", "evil two"]
  await askAll(latchkey)
  return { ...shared, tenants, askAll, expected }
}

/** The secret manager's answers from now on: what is returned of before came from Redis. */
function rotate({ vault }: Pick<World, "vault">): string[] {
  for (const document of ["one", "two"])
    vault.documents.set(`secret/data/${document}`, {
      a: `new a ${document}`,
      b: `new b ${document}`,
      c: `new c ${document}`,
    })
  return ["new a one", "new a two", "new b one", "new b two", "new c one", "new c two"]
}

describe("someone who reads Redis", () => {
  test("learns no value, token, path, document, connection or platform", async () => {
    const { redis, tenants } = await twoTenants()
    const all = [...redis.entries].flatMap(([name, { value }]) => [
      name,
      value,
      Buffer.from(value, "base64").toString("latin1"),
      Buffer.from(name, "base64url").toString("latin1"),
    ])
    // Long enough not to be there by chance.
    const telling = ["acme one", "evil one", "session-token", "secret/data", "s3cret", "platform"]
    for (const text of [...telling, ...tenants.map(({ id }) => id)])
      expect(
        all.filter((entry) => entry.includes(text)),
        text,
      ).toEqual([])
  })

  test("cannot tell by the names that two platforms use the same document", async () => {
    const { redis } = await twoTenants()
    const { length } = [...redis.entries.keys()]
    expect(new Set(redis.entries.keys()).size).toBe(length)
    const lengths = new Set([...redis.entries.keys()].map((name) => name.length))
    expect([...lengths]).toEqual([43])
  })
})

describe("someone who writes Redis", () => {
  test("gains nothing by putting any entry in any other's place: it is a miss, and never an error", async () => {
    const { redis, instance, askAll, expected, clock, ...shared } = await twoTenants()
    const snapshot = structuredClone(redis.entries)
    const names = [...snapshot.keys()]
    expect(names.length).toBeGreaterThan(12)
    const values = [...snapshot.values()].map(({ value }) => value)
    const renewed = rotate(shared)
    // Every entry under every name, one rotation of them all at a time.
    for (let shift = 1; shift < names.length; shift++) {
      redis.entries.clear()
      names.forEach((name, i) => {
        const value = values[(i + shift) % values.length] ?? ""
        redis.entries.set(name, { value, until: clock.now() + 3_600_000 })
      })
      expect(await askAll(instance()), `shifted by ${shift}`).toEqual(renewed)
    }
    redis.entries.clear()
    for (const [name, entry] of snapshot) redis.entries.set(name, entry)
    expect(await askAll(instance())).toEqual(expected)
  })

  test.each<[string, (value: string, i: number) => string]>([
    ["nothing", () => ""],
    ["truncated entries", (value, i) => value.slice(0, (i * 37) % value.length)],
    ["entries with a character changed", (value, i) => flip(value, (i * 41) % value.length)],
    ["entries with something before them", (value) => `AAAA${value}`],
    ["garbage", () => "\u0000\ud800}{ not base64 at all"],
    ["numbers", (_, i) => String(i)],
    ["JSON", () => '{"f":9e99,"s":9e99,"c":{"a":"planted","b":"planted","c":"planted"}}'],
    ["600 KiB", () => "A".repeat(600 * 1024)],
  ])("gains nothing by %s: it is a miss, and never an error", async (_, change) => {
    const { redis, instance, askAll, clock, ...shared } = await twoTenants()
    const renewed = rotate(shared)
    let i = 0
    for (const entry of redis.entries.values()) {
      entry.value = change(entry.value, i++)
      entry.until = clock.now() + 3_600_000
    }
    const from = clock.now()
    expect(await askAll(instance())).toEqual(renewed)
    expect(clock.now() - from).toBeLessThan(2_000)
  })

  test.each(["the platforms", "each connection"])(
    "gains nothing by replaying what was there before a clear of %s",
    async (what) => {
      const { redis, latchkey, instance, askAll, tenants, ...shared } = await twoTenants()
      const before = structuredClone(redis.entries)
      for (const { of, id } of tenants)
        await clear(latchkey, what === "each connection" ? id : undefined, of === "evil" ? evilAdmin : admin)
      const renewed = rotate(shared)
      for (const [name, entry] of before)
        redis.entries.set(name, { ...entry, until: Number.POSITIVE_INFINITY })
      expect(await askAll(instance())).toEqual(renewed)
      for (const [name, entry] of before)
        redis.entries.set(name, { ...entry, until: Number.POSITIVE_INFINITY })
      expect(await askAll(latchkey)).toEqual(renewed)
    },
  )

  test("gains nothing by keeping entries alive past their time", async () => {
    const { redis, instance, askAll, clock, ...shared } = await twoTenants()
    for (const entry of redis.entries.values()) entry.until = Number.POSITIVE_INFINITY
    clock.advance(3_600_000)
    const renewed = rotate(shared)
    expect(await askAll(instance())).toEqual(renewed)
  })

  test("cannot bring a stale value back past its time", async () => {
    const { redis, instance, clock, vault, reference } = await twoTenants()
    const ask = () => passing(clock, resolve(instance(), reference("secret/data/one/a")))
    for (const entry of redis.entries.values()) entry.until = Number.POSITIVE_INFINITY
    const kept = structuredClone(redis.entries)
    clock.advance(3_600_000)
    vault.failure = "UNREACHABLE"
    expect((await ask()).value).toBe("acme one")
    clock.advance(600_000)
    for (const [name, entry] of kept) redis.entries.set(name, entry)
    await expect(ask()).rejects.toMatchObject({ fields: { reason: "UNREACHABLE" } })
    expect(vault.opened.at(-1)?.attempts).toBeUndefined()
  })

  test("cannot keep anyone waiting by entries that look like leases and never end", async () => {
    const { redis, latchkey, instance, clock, vault, reference } = await connected()
    vault.documents.set("secret/data/one", { a: "v1" })
    await resolve(latchkey, reference("secret/data/one/a"))
    // Leases are what is left when the document is cleared: alive for ever, and under new leases' names.
    const leases = [...redis.entries].filter(([, { until }]) => until <= clock.now() + 5_000)
    for (const value of [leases[0]?.[1].value ?? "", "", "x"]) {
      for (const [name] of leases) redis.entries.set(name, { value, until: Number.POSITIVE_INFINITY })
      for (const [name] of [...redis.entries])
        if (!leases.some(([lease]) => lease === name)) redis.entries.delete(name)
      clock.advance(10_000)
      const from = clock.now()
      expect((await passing(clock, resolve(instance(), reference("secret/data/one/a")))).value).toBe("v1")
      expect(clock.now() - from).toBeLessThan(500)
    }
  })

  test("cannot keep anyone waiting by names that hold something else than text", async () => {
    const { redis, instance, clock, vault, reference } = await connected()
    vault.documents.set("secret/data/one", { a: "v1" })
    // `SET NX` finds the name taken, `MGET` finds no text there.
    const one = instance({
      redis: {
        pipeline: async (commands) => {
          const replies = await redis.pipeline(commands.filter(([name]) => name !== "SET"))
          const rest = replies.map((reply) => (Array.isArray(reply) ? reply.map(() => null) : reply))
          return commands.map(([name]) => (name === "SET" ? null : (rest.shift() ?? null)))
        },
      },
    })
    expect((await passing(clock, resolve(one, reference("secret/data/one/a")))).value).toBe("v1")
  })
})

function flip(text: string, at: number): string {
  return `${text.slice(0, at)}${text[at] === "A" ? "B" : "A"}${text.slice(at + 1)}`
}
