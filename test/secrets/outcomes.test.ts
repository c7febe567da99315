import { describe, expect, test } from "vitest"
import { LatchkeyError } from "../../core/errors.ts"
import { newConnectionId } from "../../core/ids.ts"
import type { Json } from "../../core/json.ts"
import { admin, callerOf, connect, connected, resolve, service, update } from "../support/instance.ts"

async function withValues() {
  const shared = await connected()
  shared.vault.documents.set("secret/data/app", { user: "u", password: "p", n: 7 })
  const ok = shared.reference("secret/data/app/password")
  const missing = shared.reference("secret/data/none/key")
  return { ...shared, ok, missing }
}

const failureOf = async (work: Promise<unknown>): Promise<LatchkeyError> => {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (error instanceof LatchkeyError) return error
  throw new Error("It did not fail as expected.", { cause: error })
}

describe("with onError fail", () => {
  test("one failing reference fails the whole call, and says where it stands", async () => {
    const { latchkey, ok, missing, id } = await withValues()
    const error = await failureOf(resolve(latchkey, { a: ok, "b/c": [ok, `x${missing}`] }))
    expect(error).toMatchObject({ code: "SECRET_MANAGER_GET_SECRET_FAILED", status: 424 })
    expect(error.fields).toEqual({
      reason: "NOT_FOUND",
      providerId: "hashicorp",
      connectionId: id,
      pointer: "/b~1c/1",
    })
  })

  test("the first by its place in the document counts, whatever was known first", async () => {
    const { latchkey, ok, missing, reference } = await withValues()
    const malformed = "{{secret://oops}}"
    const nowhere = reference("secret/data/app/user", newConnectionId())
    const orders: [Json, Partial<LatchkeyError["fields"]> & { code?: string }][] = [
      [[ok, missing, malformed, nowhere], { pointer: "/1", reason: "NOT_FOUND" }],
      [[ok, malformed, missing, nowhere], { pointer: "/1", reason: "INVALID_PATH" }],
      [[nowhere, malformed, missing, ok], { pointer: "/0" }],
      [[`${ok}${malformed}${missing}`], { pointer: "/0", reason: "INVALID_PATH" }],
      [
        { z: { y: missing }, a: malformed },
        { pointer: "/z/y", reason: "NOT_FOUND" },
      ],
    ]
    for (const [value, fields] of orders)
      expect((await failureOf(resolve(latchkey, value))).fields, JSON.stringify(fields)).toMatchObject(fields)
  })

  test("no value is in the error, though others were found", async () => {
    const { latchkey, vault, missing, reference } = await withValues()
    vault.documents.set("secret/data/app", { canary: "c4n4ry" })
    const error = await failureOf(resolve(latchkey, [reference("secret/data/app/canary"), missing]))
    expect(JSON.stringify([error.message, error.fields, error.stack, String(error.cause)])).not.toContain(
      "c4n4ry",
    )
  })
})

describe("with onError report", () => {
  test("a string with a failing reference is null as a whole, and each failing one has its error", async () => {
    const { latchkey, ok, missing, id } = await withValues()
    const value = { a: `${ok}-${missing}`, b: `${ok}!`, c: missing, d: "{{secret://x}} and more" }
    const { value: resolved, references } = await resolve(latchkey, value, { onError: "report" })
    expect(resolved).toEqual({ a: null, b: "p!", c: null, d: null })
    expect(references.map(({ pointer, source, error }) => [pointer, source, error?.reason])).toEqual([
      ["/a", "provider", undefined],
      ["/a", undefined, "NOT_FOUND"],
      ["/b", "provider", undefined],
      ["/c", undefined, "NOT_FOUND"],
      ["/d", undefined, "INVALID_PATH"],
    ])
    expect(references[1]?.error).toMatchObject({ status: 424, connectionId: id, pointer: "/a" })
    expect(references[4]?.connectionId).toBeUndefined()
  })

  test("a raw reference is never passed on as if it were the value", async () => {
    const { latchkey, missing } = await withValues()
    const { value } = await resolve(latchkey, [missing, "{{secret://", `x ${missing} y`], {
      onError: "report",
    })
    expect(JSON.stringify(value)).toBe("[null,null,null]")
  })
})

describe("a value", () => {
  test("is not changed itself, keeps its order, its numbers and __proto__, and is not resolved twice", async () => {
    const { latchkey, vault, ok, reference } = await withValues()
    vault.documents.set("secret/data/loop", { key: ok })
    const text = `{"z":1e3,"__proto__":{"a":${JSON.stringify(ok)}},"constructor":[true,null,${JSON.stringify(
      reference("secret/data/loop/key"),
    )}]}`
    const value = JSON.parse(text) as Json
    const { value: resolved } = await resolve(latchkey, value)
    expect(JSON.stringify(value)).toBe(JSON.stringify(JSON.parse(text)))
    expect(JSON.stringify(resolved)).toBe(
      `{"z":1000,"__proto__":{"a":"p"},"constructor":[true,null,${JSON.stringify(ok)}]}`,
    )
  })

  test("that is a number in the secret manager arrives as a string", async () => {
    const { latchkey, reference } = await withValues()
    expect((await resolve(latchkey, reference("secret/data/app/n"))).value).toBe("7")
  })

  test("is looked at only below `at`; all else passes byte for byte, escapes and malformed ones included", async () => {
    const { latchkey, ok, missing } = await withValues()
    const value = { auth: { token: ok }, body: [missing, "\\{{secret://x}}", "{{secret://"] }
    const { value: resolved, references } = await resolve(latchkey, value, { at: ["/auth/token", "/none"] })
    expect(resolved).toEqual({ ...value, auth: { token: "p" } })
    expect(references).toHaveLength(1)
  })
})

describe("a connection that may not be used", () => {
  test("gives the same error as one that does not exist, word for word", async () => {
    const { latchkey, id, reference } = await withValues()
    const ofProject = await connect(latchkey, { scope: "PROJECT", projectIds: ["p1"] })
    const theirs = await connect(latchkey, {}, { ...admin, platformId: "evil" })
    const errors = []
    for (const [connection, projectId] of [
      [newConnectionId(), undefined],
      [ofProject, undefined],
      [ofProject, "p2"],
      [theirs, undefined],
      [newConnectionId(), "p1"],
    ] as const) {
      const value = reference("secret/data/app/user", connection)
      const error = await failureOf(resolve(latchkey, value, projectId === undefined ? {} : { projectId }))
      expect(error.fields.connectionId).toBe(connection)
      errors.push(JSON.stringify([error.code, error.message, { ...error.fields, connectionId: "" }]))
    }
    expect(new Set(errors).size).toBe(1)
    expect(errors[0]).toContain("ENTITY_NOT_FOUND")
    expect(id).toBeDefined()
  })

  test("is told apart from one that does not exist by validate, and only to an admin", async () => {
    const { latchkey, reference } = await withValues()
    const ofProject = await connect(latchkey, { scope: "PROJECT", projectIds: ["p1"] })
    const value = [
      reference("secret/data/app/user", ofProject),
      reference("secret/data/app/user", newConnectionId()),
    ]
    const details = async (principal = admin) =>
      (await latchkey.validate(callerOf(latchkey, principal), { value })).references.map(
        ({ error }) => error?.detail,
      )
    const [closed, missing] = await details()
    expect(closed).not.toBe(missing)
    const [same, again] = await details(service)
    expect(same).toBe(again)
  })

  test("is reached by its project, by any project's service and no other", async () => {
    const { latchkey, reference } = await withValues()
    const ofProject = await connect(latchkey, { scope: "PROJECT", projectIds: ["p1"] })
    const value = reference("secret/data/app/user", ofProject)
    const ofP1 = { ...service, projectIds: ["p1"] }
    expect((await resolve(latchkey, value, { projectId: "p1" })).value).toBe("u")
    expect((await resolve(latchkey, value, { projectId: "p1", principal: ofP1 })).value).toBe("u")
    const ofP2 = resolve(latchkey, value, { projectId: "p1", principal: { ...service, projectIds: ["p2"] } })
    expect(await failureOf(ofP2)).toMatchObject({ code: "AUTHORIZATION" })
  })
})

describe("a path that is not allowed", () => {
  test("is refused before a cached value is opened or the provider asked", async () => {
    const { latchkey, instance, id, ok, reference, roundTrips } = await withValues()
    await resolve(latchkey, ok)
    await update(latchkey, id, { settings: { allowedPaths: ["secret/data/app/user"] } })
    await resolve(latchkey, reference("secret/data/app/user"))
    for (const one of [latchkey, instance()]) {
      const spent = await roundTrips(async () => {
        expect((await failureOf(resolve(one, ok))).fields).toMatchObject({
          reason: "PATH_NOT_ALLOWED",
          connectionId: id,
        })
      })
      expect(spent.fetches).toBe(0)
      expect((await resolve(one, reference("secret/data/app/user"))).value).toBe("u")
    }
  })

  test("is refused with the named project in the pattern's place", async () => {
    const { latchkey, id, vault, reference } = await withValues()
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder as admins write it
    await update(latchkey, id, { settings: { allowedPaths: ["secret/data/${projectId}/**"] } })
    vault.documents.set("secret/data/p1", { key: "v1" })
    const value = reference("secret/data/p1/key")
    expect((await resolve(latchkey, value, { projectId: "p1" })).value).toBe("v1")
    for (const options of [{ projectId: "p2" }, {}])
      expect((await failureOf(resolve(latchkey, value, options))).fields.reason).toBe("PATH_NOT_ALLOWED")
  })
})

describe("a record that was edited by hand", () => {
  const edits: [string, (record: Record<string, unknown>) => void][] = [
    ["the scope, widened", (record) => Object.assign(record, { scope: "PLATFORM", projectIds: undefined })],
    ["the projects", (record) => Object.assign(record, { projectIds: ["p1", "p2"] })],
    ["the provider", (record) => Object.assign(record, { providerId: "aws" })],
    ["the name", (record) => Object.assign(record, { name: "Other" })],
    [
      "the settings",
      (record) => Object.assign(record, { settings: { cacheTtlSeconds: 1, staleIfErrorSeconds: 0 } }),
    ],
    ["the configId", (record) => Object.assign(record, { configId: "other" })],
    ["the version", (record) => Object.assign(record, { version: 2 })],
    ["the MAC, removed", (record) => Object.assign(record, { mac: new Uint8Array() })],
    [
      "the configuration, another's",
      (record) =>
        Object.assign(record, { config: { ...(record.config as object), data: new Uint8Array(60) } }),
    ],
  ]

  test.each(edits)("is unusable, says so, and is audited: %s", async (_, edit) => {
    const { latchkey, instance, store, audit, vault, reference } = await withValues()
    const id = await connect(latchkey, { scope: "PROJECT", projectIds: ["p1"] })
    const record = store.connections.get(`acme\n${id}`)
    if (!record) throw new Error("No record.")
    edit(record as unknown as Record<string, unknown>)
    const fetchesBefore = vault.fetches.length
    for (const one of [latchkey, instance()]) {
      const value = reference("secret/data/app/user", id)
      const { references } = await resolve(one, value, { projectId: "p1", onError: "report" })
      expect(references[0]?.error).toMatchObject({ code: "UNAVAILABLE", status: 503, connectionId: id })
      expect(references[0]?.error?.detail).toContain("changed outside Latchkey")
    }
    expect(vault.fetches.length).toBe(fetchesBefore)
    const outcomes = audit.flatMap(({ outcomes = [] }) => outcomes)
    expect(outcomes.filter(({ code }) => code === "UNAVAILABLE")).toHaveLength(2)
  })

  test("as another connection's, put under its id, is unusable; so is another platform's", async () => {
    const { latchkey, store, reference, id } = await withValues()
    const other = await connect(latchkey)
    const theirs = await connect(latchkey, {}, { ...admin, platformId: "evil" })
    for (const [platform, source] of [
      ["acme", other],
      ["evil", theirs],
    ]) {
      const record = store.connections.get(`${platform}\n${source}`)
      if (!record) throw new Error("No record.")
      store.connections.set(`acme\n${id}`, { ...structuredClone(record), id, platformId: "acme" })
      const value = reference("secret/data/app/user")
      expect(await failureOf(resolve(latchkey, value))).toMatchObject({ code: "UNAVAILABLE" })
    }
  })

  test("leaves nothing behind once it is mended, even where it could not be read at all", async () => {
    const { latchkey, store, ok, id } = await withValues()
    const key = `acme\n${id}`
    const record = structuredClone(store.connections.get(key))
    if (!record) throw new Error("No record.")
    store.connections.set(key, Object.assign({}, record, { scope: "PROJECT", projectIds: "no list" }))
    await expect(resolve(latchkey, ok, { projectId: "p1" })).rejects.toThrow()
    store.connections.set(key, record)
    expect((await resolve(latchkey, ok, { projectId: "p1" })).value).toBe("p")
  })

  test("does not keep the others from being used", async () => {
    const { latchkey, store, reference, ok, id } = await withValues()
    const other = await connect(latchkey)
    const record = store.connections.get(`acme\n${other}`)
    if (record) record.name = "Other"
    const value = [ok, reference("secret/data/app/user", other)]
    expect((await resolve(latchkey, value, { onError: "report" })).value).toEqual(["p", null])
    expect(id).not.toBe(other)
  })
})

describe("too much", () => {
  test("is 500 references, repetitions and malformed ones included: 501 are refused before anything is asked", async () => {
    const { latchkey, ok, roundTrips } = await withValues()
    const value = Array.from({ length: 500 }, (_, i) => (i % 2 === 0 ? ok : "{{secret://x}}"))
    expect((await resolve(latchkey, value, { onError: "report" })).references).toHaveLength(500)
    const spent = await roundTrips(async () => {
      expect(await failureOf(resolve(latchkey, [...value, ok]))).toMatchObject({
        code: "TOO_MANY_REFERENCES",
      })
    })
    expect(Object.values(spent)).toEqual([0, 0, 0, 0, 0, 0])
  })

  test("is 99 connections: 100 are refused before anything is asked", async () => {
    const { latchkey, reference, roundTrips } = await withValues()
    const value = Array.from({ length: 99 }, () => reference("a/b/c", newConnectionId()))
    expect((await resolve(latchkey, value, { onError: "report" })).references).toHaveLength(99)
    const spent = await roundTrips(async () => {
      const more = [...value, reference("a/b/c", newConnectionId())]
      expect(await failureOf(resolve(latchkey, more))).toMatchObject({ code: "TOO_MANY_REFERENCES" })
    })
    expect(Object.values(spent)).toEqual([0, 0, 0, 0, 0, 0])
  })
})

describe("Latchkey's own trouble", () => {
  test("with its store or its keys fails the request: UNAVAILABLE, also where it was to be reported", async () => {
    const { latchkey, instance, store, kms, ok } = await withValues()
    await resolve(latchkey, ok)
    store.down = true
    expect(await failureOf(resolve(latchkey, ok, { onError: "report" }))).toMatchObject({
      code: "UNAVAILABLE",
    })
    store.down = false
    kms.down = true
    expect((await resolve(latchkey, ok)).value).toBe("p")
    expect(await failureOf(resolve(instance(), ok, { onError: "report" }))).toMatchObject({
      code: "UNAVAILABLE",
    })
  })

  test("with the keys lasts as long as they are missing: known ones serve until their hour ends", async () => {
    const { latchkey, kms, clock, ok } = await withValues()
    await resolve(latchkey, ok)
    kms.down = true
    clock.advance(3_599_000)
    expect((await resolve(latchkey, ok)).value).toBe("p")
    clock.advance(1_000)
    expect(await failureOf(resolve(latchkey, ok))).toMatchObject({ code: "UNAVAILABLE" })
    kms.down = false
    expect((await resolve(latchkey, ok)).value).toBe("p")
  })

  test("with a configuration's key does not make those wait who want the same secret elsewhere", async () => {
    const { latchkey, instance, kms, clock, ok } = await withValues()
    const other = instance()
    await resolve(other, "{{secret://x}}", { onError: "report" })
    kms.down = true
    await failureOf(resolve(other, ok))
    kms.down = false
    const from = clock.now()
    expect((await resolve(latchkey, ok)).value).toBe("p")
    expect(clock.now()).toBe(from)
  })

  test("that is a bug shows nothing, and does not pass for an answer", async () => {
    const { instance, ok } = await withValues()
    const broken = instance({
      opener: {
        saved: async () => {
          throw new TypeError("c4n4ry is not a function")
        },
        unsaved: () => {
          throw new Error()
        },
      },
    })
    const { references } = await resolve(broken, ok, { onError: "report" })
    expect(references[0]?.error?.reason).toBe("PROVIDER_ERROR")
    expect(JSON.stringify(references)).not.toContain("c4n4ry")
  })
})
