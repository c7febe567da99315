import { describe, expect, test } from "vitest"
import type { Principal } from "../../core/auth/principal.ts"
import type { Json } from "../../core/json.ts"
import { admin, callerOf, connect, memberOf, resolve, service, world } from "../support/instance.ts"

async function validating() {
  const shared = world()
  const latchkey = shared.instance()
  const id = await connect(latchkey, { settings: { allowedPaths: ["secret/data/app/*"] } })
  const ofProject = await connect(latchkey, { scope: "PROJECT", projectIds: ["p1"] })
  shared.vault.documents.set("secret/data/app", { key: "the value" })
  shared.audit.length = 0
  const validate = (
    value: Json,
    options: { projectId?: string; at?: string[] } = {},
    principal: Principal = service,
  ) => latchkey.validate(callerOf(latchkey, principal), { value, ...options })
  const reference = (path: string, of = id) => `{{secret://${of}/${path}}}`
  return { ...shared, latchkey, id, ofProject, validate, reference }
}

const good = "secret/data/app/key"

describe("validate", () => {
  test("tells of each reference where it stands and whether it would resolve, and never a value", async () => {
    const { id, validate, reference } = await validating()
    const value = {
      url: `https://${reference(good)}:${reference("secret/data/app/none")}@host`,
      list: [reference("secret/data/other/key"), "{{secret://x}}", "no reference"],
    }
    const { references } = await validate(value)
    const failed = (reason: string) => ({ status: "failed", error: expect.objectContaining({ reason }) })
    expect(references).toEqual([
      { pointer: "/url", connectionId: id, path: good, status: "ok" },
      { pointer: "/url", connectionId: id, path: "secret/data/app/none", ...failed("NOT_FOUND") },
      { pointer: "/list/0", connectionId: id, path: "secret/data/other/key", ...failed("PATH_NOT_ALLOWED") },
      { pointer: "/list/1", ...failed("INVALID_PATH") },
    ])
    expect(JSON.stringify(references)).not.toContain("the value")
    expect(references[1]?.error).toMatchObject({ pointer: "/url", connectionId: id, providerId: "hashicorp" })
  })

  test("looks where `at` says", async () => {
    const { validate, reference } = await validating()
    const value = { mine: reference(good), theirs: reference(good) }
    expect((await validate(value, { at: ["/mine"] })).references).toMatchObject([{ pointer: "/mine" }])
  })

  test("goes through the cache, and fills it", async () => {
    const { latchkey, vault, validate, reference } = await validating()
    await validate(reference(good))
    await validate(reference(good))
    expect((await resolve(latchkey, reference(good))).references).toMatchObject([{ source: "memory" }])
    expect(vault.fetches).toHaveLength(1)
  })

  test("without references asks nothing and records nothing", async () => {
    const { store, audit, validate } = await validating()
    const { reads } = store
    expect(await validate({ a: "no {{reference}}" })).toEqual({ references: [] })
    expect([store.reads, audit.length]).toEqual([reads, 0])
  })

  test("is recorded as what it is", async () => {
    const { id, audit, validate, reference } = await validating()
    await validate(reference(good), { projectId: "p1" }, memberOf("p1"))
    expect(audit).toMatchObject([
      {
        action: "secret.validate",
        actor: "max",
        projectId: "p1",
        connectionId: id,
        paths: [{ path: good, count: 1 }],
      },
      { action: "secret.validate", outcomes: [{ path: good, source: "provider", version: "1" }] },
    ])
    expect(JSON.stringify(audit)).not.toContain("the value")
  })

  test("tells a service and a member the same of what is closed to them and of what does not exist", async () => {
    const { ofProject, validate, reference } = await validating()
    const none = "smc_000000000000000000000"
    for (const [principal, options] of [
      [service, {}],
      [service, { projectId: "p2" }],
      [memberOf("p2"), { projectId: "p2" }],
    ] as const) {
      const value = [reference(good, ofProject), reference(good, none)]
      const { references } = await validate(value, options, principal)
      const [closed, missing] = references.map(({ error }) =>
        JSON.stringify({ ...error, requestId: "", pointer: "" })
          .replace(ofProject, "ID")
          .replace(none, "ID"),
      )
      expect(closed).toContain("ENTITY_NOT_FOUND")
      expect(closed).toBe(missing)
    }
  })

  test("tells an admin which", async () => {
    const { latchkey, ofProject, validate, reference } = await validating()
    const globex = await connect(latchkey, {}, { ...admin, platformId: "globex" })
    const value = [reference(good, ofProject), reference(good, globex)]
    const details = async (projectId?: string) =>
      (await validate(value, projectId === undefined ? {} : { projectId }, admin)).references.map(
        ({ error }) => error?.detail,
      )
    expect(await details()).toEqual([
      expect.stringContaining("this request names none"),
      expect.stringContaining("no connection of this id"),
    ])
    expect(await details("p2")).toEqual([
      expect.stringContaining("not open to the project"),
      expect.stringContaining("no connection of this id"),
    ])
    expect((await details("p1"))[0]).toBeUndefined()
  })

  test.each<[string, Principal, string | undefined]>([
    ["a member who names no project", memberOf("p1"), undefined],
    ["a member for another's project", memberOf("p1"), "p2"],
    ["a service for a project that is not its own", { ...service, projectIds: ["p1"] }, "p2"],
  ])("is refused to %s, before anything is read", async (_, principal, projectId) => {
    const { store, validate, reference } = await validating()
    const { reads } = store
    await expect(
      validate(reference(good), projectId === undefined ? {} : { projectId }, principal),
    ).rejects.toMatchObject({ code: "AUTHORIZATION" })
    expect(store.reads).toBe(reads)
  })
})
