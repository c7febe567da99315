import { expect, test } from "vitest"
import type { Opener } from "../../core/connections/open.ts"
import type { Json } from "../../core/json.ts"
import { gatherResults } from "../../core/providers/gather-results.ts"
import type { FetchResult, Login, ProviderClient } from "../../core/providers/provider.ts"
import { Secret } from "../../core/secret.ts"
import { connected, resolve } from "../support/instance.ts"
import { passing } from "../support/moved-clock.ts"

/**
 * A secret manager is whatever a tenant's admin names: what it answers may spoil that tenant's resolves, one reference at
 * a time, and nothing beyond.
 */
const deep = (levels: number): Json => JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`)

/** Opens clients of a secret manager that answers so. */
function answering(answer: (document: string) => FetchResult): Opener {
  const client: ProviderClient = {
    check: async () => ({ steps: [], warnings: [] }),
    fetch: async (documents) => new Map(documents.map((document) => [document, answer(document)])),
  }
  return { saved: async () => client, unsaved: () => client }
}

test.each([
  ["a7c1f1f2-0000-4000-8000-1.2_3", true],
  ["c4n4ry of what it holds", false],
  ["c4n4ry".repeat(20), false],
  ["", false],
])("a version that is %j is told, also to the audit: %j", async (version, told) => {
  const { instance, audit, reference } = await connected()
  const opener = answering(() => ({ ok: true, content: { key: "v" }, version }))
  const { value, references } = await resolve(instance({ opener }), reference("secret/data/app/key"))
  expect(value).toBe("v")
  expect(references[0]).toMatchObject({ source: "provider", ...(told && { version }) })
  expect(audit.at(-1)?.outcomes).toMatchObject([{ source: "provider", ...(told && { version }) }])
  expect(JSON.stringify([references, audit])).not.toContain("c4n4ry")
})

test("a document that nests too deep fails its own reference, and nobody waits for its lease", async () => {
  const { instance, reference } = await connected()
  const contents = new Map<string, Json>([
    ["secret/data/deep", { key: deep(100_000) }],
    ["secret/data/app", { key: "v" }],
  ])
  const opener = answering((document) => ({ ok: true, content: contents.get(document) ?? null }))
  const value = [reference("secret/data/deep/key"), reference("secret/data/app/key")]
  for (const one of [instance({ opener }), instance({ opener })]) {
    const resolution = await resolve(one, value, { onError: "report" })
    expect(resolution.value).toEqual([null, "v"])
    expect(resolution.references[0]?.error?.reason).toBe("UNSUPPORTED_VALUE")
  }
})

test("documents that are too much together fail that request alone, and leave older values as they were", async () => {
  const { latchkey, instance, vault, clock, reference } = await connected({ staleIfErrorSeconds: 3_600 })
  const paths = ["secret/data/0", "secret/data/1", "secret/data/2"]
  const all = paths.map((path) => reference(`${path}/key`))
  for (const path of paths) vault.documents.set(path, { key: "old" })
  await resolve(latchkey, all)
  clock.advance(3_600_000)

  const large: FetchResult = { ok: true, content: { key: "new", more: "x".repeat(17 * 1024 * 1024) } }
  const client: ProviderClient = {
    check: async () => ({ steps: [], warnings: [] }),
    async fetch(documents, signal) {
      const { results, settle } = gatherResults(signal)
      for (const one of documents) await settle([one], async () => void results.set(one, large))
      return results
    },
  }
  const opener: Opener = { saved: async () => client, unsaved: () => client }
  const { value, references } = await resolve(instance({ opener }), all, { onError: "report" })
  expect([value, references[2]?.error?.reason]).toEqual([["new", "new", null], "UNSUPPORTED_VALUE"])

  vault.failure = "UNREACHABLE"
  const alone = await passing(clock, resolve(instance(), all[2] ?? ""))
  expect(alone).toMatchObject({ value: "old", references: [{ source: "stale" }] })
})

test("a document that nests deep, but not too deep, is a value", async () => {
  const { latchkey, vault, reference } = await connected()
  vault.documents.set("secret/data/deep", { key: deep(400) })
  const { value } = await resolve(latchkey, reference("secret/data/deep/key"))
  expect(value).toBe("[".repeat(400) + "]".repeat(400))
})

test.each([
  ["a fraction of a millisecond", (now: number) => now + 1_000.5],
  ["never", () => Number.POSITIVE_INFINITY],
  ["in more years than Redis counts", () => 1e300],
  ["before it began", (now: number) => now - 1e300],
])("a session that ends %s does not cost the other tenants Redis", async (_, ends) => {
  const { latchkey, vault, clock, counted, reference } = await connected()
  vault.documents.set("secret/data/app", { key: "v" })
  vault.login = async () => ({ token: new Secret("t"), expiresAt: ends(clock.now()), notes: {} })
  expect((await resolve(latchkey, reference("secret/data/app/key"))).value).toBe("v")
  expect(counted).not.toContain("RedisDegraded")
})

test("a session with a huge token is kept, but not sent to Redis", async () => {
  const { latchkey, vault, clock, redis, reference } = await connected()
  vault.documents.set("secret/data/app", { key: "v" })
  const login: Login = async () => ({
    token: new Secret("t".repeat(1_000_000)),
    expiresAt: clock.now() + 60_000,
    notes: {},
  })
  vault.login = login
  expect((await resolve(latchkey, reference("secret/data/app/key"))).value).toBe("v")
  for (const { value } of redis.entries.values()) expect(value.length).toBeLessThan(100_000)
})

test("notes that grow without end are not kept", async () => {
  const { latchkey, vault, clock, redis, reference } = await connected()
  vault.documents.set("secret/data/app", { key: "v" })
  vault.login = async () => ({ token: new Secret("t"), expiresAt: clock.now() + 60_000, notes: {} })
  await resolve(latchkey, reference("secret/data/app/key"))
  const { sessions } = vault.opened.at(-1) ?? {}
  const session = await sessions?.current(vault.login, new AbortController().signal)
  if (!sessions || !session) throw new Error("no session")
  for (let n = 0; n < 100; n++) await sessions.note(session, { [`mount ${n} ${"m".repeat(2_000)}`]: "kv2" })
  const { notes } = await sessions.current(vault.login, new AbortController().signal)
  expect(Object.keys(notes).length).toBeLessThan(40)
  for (const { value } of redis.entries.values()) expect(value.length).toBeLessThan(100_000)
})
