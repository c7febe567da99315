import { beforeEach, describe, expect, test } from "vitest"
import type { AuditListQuery } from "../../core/audit/list.ts"
import { auditEvent } from "../../core/contract/shapes/audit-event.ts"
import type { Latchkey } from "../../core/latchkey.ts"
import { admin, callerOf, clear, connect, resolve, service, world } from "../support/instance.ts"

const hour = 3_600_000

let deployment: ReturnType<typeof world>
let latchkey: Latchkey
beforeEach(() => {
  deployment = world()
  latchkey = deployment.instance()
})

const trail = (query: AuditListQuery = {}, principal = admin) =>
  latchkey.auditTrail(callerOf(latchkey, principal), query)

const actionsOf = async (query: AuditListQuery) => (await trail(query)).data.map(({ action }) => action)
const failure = (promise: Promise<unknown>) => promise.then(String, (error) => error.code)

/** A connection and clears of it, an hour apart; the last of them now. */
async function clears(count: number): Promise<string> {
  const id = await connect(latchkey)
  for (let i = 0; i < count; i++) {
    deployment.clock.advance(hour)
    await clear(latchkey, id)
  }
  return id
}

describe("the audit as admins read it", () => {
  test("is who did what and when, the newest first, and as the contract says", async () => {
    const id = await connect(latchkey)
    deployment.clock.advance(hour)
    deployment.vault.documents.set("secret/data/app", { key: "value" })
    await resolve(latchkey, `{{secret://${id}/secret/data/app/key}}`, { projectId: "p1" })

    const { data, next } = await trail()

    const resolved = { action: "secret.resolve", actor: service.subject, connectionId: id, projectId: "p1" }
    const occurred = "2026-01-01T01:00:00.000Z"
    const path = "secret/data/app/key"
    expect(data).toMatchObject([
      { ...resolved, occurred, outcomes: [{ source: "provider", version: "1" }] },
      { ...resolved, occurred, paths: [{ path, count: 1 }] },
      { action: "connection.created", actor: "ada", host: "vault.example", connectionId: id },
    ])
    expect(next).toBeNull()
    expect(new Set(data.map(({ id }) => id)).size).toBe(3)
    for (const event of data) expect(auditEvent().parse(event)).toEqual(event)
    expect(JSON.stringify(data)).not.toContain("acme")
  })

  test("is of one's own platform", async () => {
    const id = await clears(1)
    const stranger = { ...admin, platformId: "umbrella" }
    expect(await trail({}, stranger)).toEqual({ data: [], next: null })
    expect(await trail({ connectionId: id }, stranger)).toEqual({ data: [], next: null })
  })

  test("goes back a day, or as far as asked, before a time where one is given", async () => {
    const id = await clears(30)
    const start = Date.UTC(2026, 0, 1)
    const at = (hours: number) => new Date(start + hours * hour).toISOString()

    expect(await actionsOf({})).toHaveLength(25)
    expect(await actionsOf({ connectionId: id })).toHaveLength(25)
    expect(await actionsOf({ from: at(0) })).toHaveLength(31)
    expect(await actionsOf({ from: at(3), to: at(5) })).toHaveLength(2)
    expect(await actionsOf({ to: at(4) })).toHaveLength(4)
    expect(await failure(trail({ from: at(5), to: at(5) }))).toBe("VALIDATION")
  })

  test("is filtered by connection, actor and action", async () => {
    const id = await clears(2)
    await connect(latchkey)
    await resolve(latchkey, `{{secret://${id}/secret/data/none/key}}`, { onError: "report" })

    expect(await actionsOf({ connectionId: id, actor: "ada" })).toEqual([
      "cache.cleared",
      "cache.cleared",
      "connection.created",
    ])
    expect(new Set(await actionsOf({ actor: service.subject }))).toEqual(new Set(["secret.resolve"]))
    expect(await actionsOf({ action: "connection.created" })).toHaveLength(2)
  })

  test("comes in pages whose day is that of the first", async () => {
    const id = await clears(24)
    const found: string[] = []
    let cursor: string | undefined
    do {
      const page = await trail({ connectionId: id, limit: 10, ...(cursor && { cursor }) })
      expect(page.data.length).toBeLessThanOrEqual(10)
      found.push(...page.data.map(({ id }) => id))
      cursor = page.next ?? undefined
      deployment.clock.advance(10 * 60_000)
      await clear(latchkey, id)
    } while (cursor !== undefined)
    expect([found.length, new Set(found).size]).toEqual([25, 25])
  })

  test("ends a page where the reply would be too large", async () => {
    const paths = Array.from({ length: 300 }, (_, i) => ({ path: `${i}/`.padEnd(970, "x"), count: 1 }))
    for (let item = 0; item < 20; item++)
      deployment.audit.push({
        ...{ platformId: "acme", actor: "flows", action: "secret.resolve", requestId: `req_${item}` },
        ...{ paths, at: deployment.clock.now() - item, item },
      })
    const page = await trail()
    expect(page.data.length).toBeGreaterThan(1)
    expect(JSON.stringify(JSON.stringify(page)).length).toBeLessThan(4 * 1024 * 1024)
    const rest = await trail({ cursor: page.next ?? "" })
    expect([...page.data, ...rest.data].map(({ requestId }) => requestId)).toEqual(
      Array.from({ length: 20 }, (_, i) => `req_${i}`),
    )
  })

  test("has cursors for the same question and the same platform only", async () => {
    await clears(2)
    const { next } = await trail({ limit: 1 })
    const cursor = next ?? ""
    expect((await trail({ limit: 2, cursor })).data).toHaveLength(2)
    for (const other of [{ actor: "ada" }, { action: "denied" }, { from: "2026-01-01T00:00:00Z" }] as const)
      expect(await failure(trail({ ...other, cursor }))).toBe("VALIDATION")
    expect(await failure(trail({ cursor }, { ...admin, platformId: "umbrella" }))).toBe("VALIDATION")
    expect(await failure(trail({ cursor }, { ...admin, type: "SERVICE" }))).toBe("VALIDATION")
    deployment.clock.advance(hour)
    expect(await failure(trail({ cursor }))).toBe("VALIDATION")
  })

  test("has pages on a platform that never had a connection", async () => {
    for (let i = 0; i < 2; i++) await clear(latchkey)
    const first = await trail({ limit: 1 })
    const second = await trail({ limit: 1, cursor: first.next ?? "" })
    expect([first.data.length, second.data.length, second.next]).toEqual([1, 1, null])
  })
})
