import { describe, expect, test } from "vitest"
import type { Principal } from "../../core/auth/principal.ts"
import { createCursors } from "../../core/crypto/cursor.ts"
import { createKeyring } from "../../core/crypto/keyring.ts"
import { admin, callerOf, connect, memberOf, service } from "../support/instance.ts"
import { given } from "./given.ts"

type Given = ReturnType<typeof given>
type Query = Parameters<Given["connections"]["list"]>[1]

/** Connections `smc_00`, `smc_01`, ...; every third one is only of project p1, named by `of`. */
async function withConnections(count: number) {
  const all = given()
  for (let n = 0; n < count; n++)
    await all.connect({
      id: `smc_${String(n).padStart(2, "0")}`,
      ...(n % 3 === 2 && { scope: "PROJECT", projectIds: ["p1"] }),
    })
  const idsOf = async (query: Query, principal: Principal = admin) => {
    const { data, next, previous } = await all.connections.list(all.by(principal), query)
    return { ids: data.map(({ id }) => Number(id.slice(4))), next, previous }
  }
  return { ...all, idsOf }
}

const cursorOf = (cursor: string | null) => ({ ...(cursor !== null && { cursor }) })

describe("a list", () => {
  test("without limit has all, in the order of ids", async () => {
    const { idsOf } = await withConnections(12)
    const ids = [...Array(12).keys()]
    expect(await idsOf({})).toEqual({ ids, next: null, previous: null })
  })

  test("of a platform that nobody has used is empty", async () => {
    expect(await given().connections.list(given().by(), {})).toEqual({ data: [], next: null, previous: null })
  })

  test("goes on behind its last and before its first, without leaving out or repeating any", async () => {
    const { idsOf } = await withConnections(8)
    const first = await idsOf({ limit: 3 })
    expect(first).toEqual({ ids: [0, 1, 2], next: expect.any(String), previous: null })
    const second = await idsOf({ limit: 3, ...cursorOf(first.next) })
    expect(second).toEqual({ ids: [3, 4, 5], next: expect.any(String), previous: expect.any(String) })
    const third = await idsOf({ limit: 3, ...cursorOf(second.next) })
    expect(third).toEqual({ ids: [6, 7], next: null, previous: expect.any(String) })

    const back = await idsOf({ limit: 3, ...cursorOf(third.previous) })
    expect(back).toEqual({ ids: [3, 4, 5], next: expect.any(String), previous: expect.any(String) })
    const start = await idsOf({ limit: 3, ...cursorOf(back.previous) })
    expect(start).toEqual({ ids: [0, 1, 2], next: expect.any(String), previous: null })
    expect((await idsOf({ limit: 3, ...cursorOf(start.next) })).ids).toEqual([3, 4, 5])
  })

  test.each([3, 4, 100])("of three with limit %i says that nothing follows", async (limit) => {
    const { idsOf } = await withConnections(3)
    expect(await idsOf({ limit })).toMatchObject({ ids: [0, 1, 2], next: null })
  })

  test("of a member has those that their project may use, and no word of others", async () => {
    const { idsOf } = await withConnections(9)
    expect((await idsOf({ projectId: "p1" }, memberOf("p1"))).ids).toEqual([...Array(9).keys()])
    expect((await idsOf({ projectId: "p2" }, memberOf("p2"))).ids).toEqual([0, 1, 3, 4, 6, 7])
    expect(await idsOf({ projectId: "p2", limit: 6 }, memberOf("p2"))).toMatchObject({ next: null })
    const { ids, next } = await idsOf({ projectId: "p2", limit: 4 }, memberOf("p2"))
    expect(ids).toEqual([0, 1, 3, 4])
    expect((await idsOf({ projectId: "p2", ...cursorOf(next) }, memberOf("p2"))).ids).toEqual([6, 7])
  })

  test("of a service has those of its projects; of an admin who names a project, that project's", async () => {
    const { idsOf } = await withConnections(4)
    const shared = [0, 1, 3]
    expect((await idsOf({}, service)).ids).toEqual([0, 1, 2, 3])
    expect((await idsOf({}, { ...service, projectIds: ["p1"] })).ids).toEqual([0, 1, 2, 3])
    expect((await idsOf({}, { ...service, projectIds: ["p2"] })).ids).toEqual(shared)
    expect((await idsOf({ projectId: "p2" }, service)).ids).toEqual(shared)
    expect((await idsOf({ projectId: "p2" })).ids).toEqual(shared)
  })

  test("is refused to a member who names no project of theirs", async () => {
    const { idsOf } = await withConnections(1)
    for (const query of [{}, { projectId: "p2" }])
      await expect(idsOf(query, memberOf("p1"))).rejects.toMatchObject({ code: "AUTHORIZATION" })
  })

  test("never has a connection of another platform", async () => {
    const { latchkey, idsOf } = await withConnections(2)
    await connect(latchkey, { id: "smc_99" }, { ...admin, platformId: "globex" })
    expect((await idsOf({})).ids).toEqual([0, 1])
    expect((await idsOf({}, { ...admin, platformId: "globex" })).ids).toEqual([99])
    expect((await idsOf({}, { ...admin, platformId: "nobody" })).ids).toEqual([])
  })

  test("goes on over connections that were deleted since", async () => {
    const { idsOf, connections, by } = await withConnections(6)
    const first = await idsOf({ limit: 2 })
    const second = await idsOf({ limit: 2, ...cursorOf(first.next) })
    for (const id of ["smc_01", "smc_02"]) await connections.remove(by(), id)
    expect((await idsOf({ limit: 2, ...cursorOf(first.next) })).ids).toEqual([3, 4])
    expect(await idsOf({ limit: 2, ...cursorOf(second.previous) })).toMatchObject({
      ids: [0],
      previous: null,
    })

    await connections.remove(by(), "smc_00")
    const start = await idsOf({ limit: 2, ...cursorOf(second.previous) })
    expect(start).toEqual({ ids: [3, 4], next: expect.any(String), previous: null })
  })

  test("stops at 4 MiB as Lambda carries them, and goes on from there in both directions", async () => {
    const { connect, connections, by, clock } = given()
    const allowedPaths = Array.from({ length: 100 }, (_, i) => `${i}/`.padEnd(512, '"'))
    const ids = [...Array(60).keys()].map((n) => `smc_${String(n).padStart(2, "0")}`)
    for (const id of ids) {
      await connect({ id, settings: { allowedPaths } })
      clock.advance(2_000)
    }

    const whole: string[] = []
    let cursor: string | null = null
    let previous: string | null = null
    do {
      const page: Awaited<ReturnType<typeof connections.list>> = await connections.list(
        by(service),
        cursorOf(cursor),
      )
      expect(JSON.stringify(JSON.stringify(page)).length).toBeLessThanOrEqual(4 * 1024 * 1024)
      expect(page.data.length).toBeGreaterThan(15)
      whole.push(...page.data.map(({ id }) => id))
      cursor = page.next
      previous = page.previous
    } while (cursor !== null)
    expect(whole).toEqual(ids)

    const back = await connections.list(by(service), cursorOf(previous))
    expect(JSON.stringify(JSON.stringify(back)).length).toBeLessThanOrEqual(4 * 1024 * 1024)
    expect(back.previous).toEqual(expect.any(String))
    const lastOfBack = back.data.at(-1)?.id ?? ""
    const after = await connections.list(by(service), cursorOf(back.next))
    expect(after.data[0]?.id).toBe(ids[ids.indexOf(lastOfBack) + 1])
  })
})

describe("a cursor", () => {
  const refused = expect.objectContaining({
    code: "VALIDATION",
    fields: { issues: [expect.objectContaining({ pointer: "/cursor" })] },
  })

  test("is good on every instance, for an hour", async () => {
    const { idsOf, instance, clock } = await withConnections(3)
    const { next } = await idsOf({ limit: 2 })
    const other = instance()
    clock.advance(3_599_999)
    expect((await other.connections.list(callerOf(other, admin), cursorOf(next))).data).toHaveLength(1)
    clock.advance(1)
    await expect(idsOf(cursorOf(next))).rejects.toEqual(refused)
  })

  test.each<[string, Principal, Query]>([
    ["a service", service, {}],
    ["an admin who is a service", { ...admin, type: "SERVICE" }, {}],
    ["a member", memberOf("p1"), { projectId: "p1" }],
    ["an admin for a project", admin, { projectId: "p1" }],
  ])("of an admin's list is none of %s", async (_, principal, query) => {
    const { idsOf } = await withConnections(3)
    const { next } = await idsOf({ limit: 2 })
    await expect(idsOf({ ...query, ...cursorOf(next) }, principal)).rejects.toEqual(refused)
  })

  test("of one member's project is none of another's", async () => {
    const { idsOf } = await withConnections(3)
    const { next } = await idsOf({ projectId: "p1", limit: 2 }, memberOf("p1", "p2"))
    expect(await idsOf({ projectId: "p1", ...cursorOf(next) }, memberOf("p1"))).toMatchObject({ ids: [2] })
    await expect(idsOf({ projectId: "p2", ...cursorOf(next) }, memberOf("p1", "p2"))).rejects.toEqual(refused)
  })

  test("of a service is none once its projects are others", async () => {
    const { idsOf } = await withConnections(3)
    const { next } = await idsOf({ limit: 1 }, { ...service, projectIds: ["p1"] })
    await expect(idsOf(cursorOf(next), { ...service, projectIds: ["p1", "p2"] })).rejects.toEqual(refused)
  })

  test("of another platform is none", async () => {
    const { latchkey, idsOf } = await withConnections(3)
    const globex = { ...admin, platformId: "globex" }
    await connect(latchkey, {}, globex)
    const { next } = await idsOf({ limit: 2 })
    await expect(idsOf(cursorOf(next), globex)).rejects.toEqual(refused)
  })

  test("of another operation is none, and tells nothing of what is in it", async () => {
    const { clock, kms, store, idsOf } = await withConnections(3)
    const platform = store.platforms.get("acme")
    const keys = await createKeyring({ kms, clock }).unwrap(
      platform ?? { platformId: "", rootKey: new Uint8Array() },
    )
    const scope = { platformId: "acme", operation: "listAudit", kind: "admin", filters: ["any"] }
    const cursors = createCursors({ clock })
    const other = cursors.write(keys, scope, { id: "smc_01", backward: false })
    expect(cursors.read(keys, scope, other)).toEqual({ id: "smc_01", backward: false })
    await expect(idsOf({ cursor: other })).rejects.toEqual(refused)
    expect(Buffer.from(other, "base64url").includes("smc_01")).toBe(false)
  })

  test("that is made up, cut or changed by a bit is none", async () => {
    const { idsOf } = await withConnections(3)
    const { next } = await idsOf({ limit: 2 })
    const sealed = Buffer.from(next ?? "", "base64url")
    const changed = [...Array(sealed.length).keys()].map((at) => {
      const copy = Buffer.from(sealed)
      copy[at] = (copy[at] ?? 0) ^ 1
      return copy
    })
    const cut = [0, 1, 3, 15, 31, sealed.length - 1].map((end) => sealed.subarray(0, end))
    const forged = Buffer.from('{"id":"smc_00","backward":false,"until":9999999999999}')
    for (const bytes of [...changed, ...cut, forged, Buffer.concat([sealed, Buffer.of(0)])])
      await expect(idsOf({ cursor: bytes.toString("base64url") })).rejects.toEqual(refused)
    for (const cursor of ["", "smc_00", "🔑", "null"])
      await expect(idsOf({ cursor })).rejects.toEqual(refused)
  })
})
