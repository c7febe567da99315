import { describe, expect, test } from "vitest"
import { newConnectionId } from "../../core/ids.ts"
import { admin, callerOf, connect, connected, resolve, service } from "../support/instance.ts"
import { turn } from "../support/moved-clock.ts"

async function audited() {
  const shared = await connected()
  const { latchkey, vault, audit, reference } = shared
  vault.documents.set("secret/data/app", { user: "c4n4ry-u", password: "c4n4ry-p" })
  const other = await connect(latchkey)
  audit.length = 0
  return {
    ...shared,
    other,
    user: reference("secret/data/app/user"),
    password: reference("secret/data/app/password"),
  }
}

describe("the record of a resolve", () => {
  test("says who asked for which paths, as written, once for each connection, with counts for repetitions", async () => {
    const { latchkey, audit, id, other, clock, user, password, reference } = await audited()
    const escaped = reference("secret/data/app/us\\ er?version=2", other)
    await resolve(latchkey, [user, password, [user, `x${user}`], escaped], {
      projectId: "p1",
      claimedActor: "flow 7",
      onError: "report",
    })
    const common = {
      platformId: "acme",
      actor: "flows",
      claimedActor: "flow 7",
      action: "secret.resolve",
      requestId: audit[0]?.requestId,
      projectId: "p1",
      at: clock.now(),
    }
    expect(audit.slice(0, 2)).toEqual([
      {
        ...common,
        item: 0,
        connectionId: id,
        paths: [
          { path: "secret/data/app/user", count: 3 },
          { path: "secret/data/app/password", count: 1 },
        ],
      },
      {
        ...common,
        item: 1,
        connectionId: other,
        paths: [{ path: "secret/data/app/us\\ er", count: 1 }],
      },
    ])
  })

  test("says afterwards what came from the provider, in which version, and what failed; of the caches nothing", async () => {
    const { latchkey, audit, id, user, password, reference } = await audited()
    const value = [user, password, reference("secret/data/none/key")]
    await resolve(latchkey, value, { onError: "report" })
    const at = { connectionId: id }
    expect(audit.slice(1)).toEqual([
      expect.objectContaining({
        item: 1,
        connectionId: id,
        outcomes: [
          { ...at, path: "secret/data/app/user", source: "provider", version: "1" },
          { ...at, path: "secret/data/app/password", source: "provider", version: "1" },
          {
            ...at,
            path: "secret/data/none/key",
            code: "SECRET_MANAGER_GET_SECRET_FAILED",
            reason: "NOT_FOUND",
          },
        ],
      }),
    ])
    audit.length = 0
    await resolve(latchkey, [user, password])
    expect(audit).toHaveLength(1)
    expect(audit[0]).not.toHaveProperty("outcomes")
  })

  test("has what was refused: another's connection, a path, a malformed one, whose text is no path", async () => {
    const { latchkey, audit, reference } = await audited()
    const nowhere = newConnectionId()
    const value = [reference("a/b/c", nowhere), "{{secret://c4n4ry of the caller"]
    await resolve(latchkey, value, { onError: "report" })
    expect(audit[0]).toMatchObject({ connectionId: nowhere, paths: [{ path: "a/b/c", count: 1 }] })
    expect(audit[1]).toMatchObject({ paths: [{ path: "(malformed)", count: 1 }] })
    expect(audit[2]?.outcomes).toEqual([
      { connectionId: nowhere, path: "a/b/c", code: "ENTITY_NOT_FOUND" },
      { code: "SECRET_MANAGER_GET_SECRET_FAILED", reason: "INVALID_PATH" },
    ])
    expect(JSON.stringify(audit)).not.toContain("c4n4ry")
  })

  test("has no value, whatever becomes of it", async () => {
    const { latchkey, audit, user, password, clock } = await audited()
    await resolve(latchkey, [user, `${password}{{secret://`], { onError: "report" })
    clock.advance(3_600_000)
    await resolve(latchkey, [user, password])
    expect(JSON.stringify(audit)).not.toContain("c4n4ry")
  })

  test("is split where an item would grow past 300 KB", async () => {
    const { latchkey, audit, reference } = await audited()
    const value = Array.from({ length: 400 }, (_, i) => reference(`secret/data/${"é".repeat(1_000)}/${i}`))
    await resolve(latchkey, value, { onError: "report" })
    for (const item of audit) expect(Buffer.byteLength(JSON.stringify(item))).toBeLessThan(310_000)
    const paths = audit.flatMap(({ paths = [] }) => paths)
    expect(new Set(paths.map(({ path }) => path)).size).toBe(400)
    expect(audit.filter(({ paths }) => paths)).toHaveLength(3)
    expect(audit.flatMap(({ outcomes = [] }) => outcomes)).toHaveLength(400)
    expect(audit.map(({ item }) => item)).toEqual([...audit.keys()])
  })

  test("of a validation says so", async () => {
    const { latchkey, audit, uses, user } = await audited()
    await latchkey.validate(callerOf(latchkey, admin), { value: user })
    expect(audit.map(({ action, actor }) => [action, actor])).toEqual([
      ["secret.validate", "ada"],
      ["secret.validate", "ada"],
    ])
    expect(uses).toEqual([])
  })
})

describe("no value leaves before its record is stored:", () => {
  test("the reply waits for it", async () => {
    const { instance, auditStore, user } = await audited()
    const gate = Promise.withResolvers<void>()
    const one = instance({
      auditStore: {
        ...auditStore,
        append: async (item) => {
          await gate.promise
          return auditStore.append(item)
        },
      },
    })
    let answered = false
    const resolving = resolve(one, user).finally(() => {
      answered = true
    })
    await turn()
    expect(answered).toBe(false)
    gate.resolve()
    expect((await resolving).value).toBe("c4n4ry-u")
  })

  test.each([
    ["the request's", 1],
    ["the outcome's", 2],
  ])("where %s cannot be stored, the answer is UNAVAILABLE, and holds nothing", async (_, failing) => {
    const { instance, auditStore, counted, user } = await audited()
    let puts = 0
    const one = instance({
      auditStore: {
        ...auditStore,
        append: async (item) => {
          if (++puts === failing) throw new Error("c4n4ry of the store")
          return auditStore.append(item)
        },
      },
    })
    const error: unknown = await resolve(one, user, { onError: "report" }).catch((error: unknown) => error)
    expect(error).toMatchObject({ code: "UNAVAILABLE" })
    expect(JSON.stringify([error, (error as Error).message])).not.toContain("c4n4ry")
    expect(counted).toContain("AuditFailed")
  })

  test("also where everything is cached", async () => {
    const { latchkey, auditStore, user } = await audited()
    await resolve(latchkey, user)
    auditStore.down = true
    await expect(resolve(latchkey, user)).rejects.toMatchObject({ code: "UNAVAILABLE" })
  })

  test("nobody who is refused the answer leaves work behind: all that was begun has ended", async () => {
    const { instance, store, auditStore, user } = await audited()
    const running = new Set<string>()
    const slowly = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      running.add(name)
      for (let i = 0; i < 5; i++) await turn()
      running.delete(name)
      return work()
    }
    const failing = instance({
      store: { ...store, read: () => Promise.reject(new Error("down")) },
      auditStore: { ...auditStore, append: (item) => slowly("record", () => auditStore.append(item)) },
    })
    await resolve(failing, user).catch(() => {})
    expect([...running]).toEqual([])
    const unrecorded = instance({
      store: { ...store, read: (...input) => slowly("read", () => store.read(...input)) },
      auditStore: { ...auditStore, append: () => Promise.reject(new Error("down")) },
    })
    await resolve(unrecorded, user).catch(() => {})
    expect([...running]).toEqual([])
  })
})

describe("a stage may choose", () => {
  test("best effort: what cannot be stored is counted, and answered nevertheless", async () => {
    const { instance, auditStore, counted, user } = await audited()
    auditStore.down = true
    expect((await resolve(instance({ auditMode: "best-effort" }), user)).value).toBe("c4n4ry-u")
    expect(counted.filter((name) => name === "AuditFailed")).toHaveLength(2)
  })

  test("off: nothing is stored", async () => {
    const { instance, auditStore, user } = await audited()
    const before = auditStore.puts
    await resolve(instance({ auditMode: "off" }), user, { principal: service })
    expect(auditStore.puts).toBe(before)
  })
})
