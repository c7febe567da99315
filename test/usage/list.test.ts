import { beforeEach, describe, expect, test } from "vitest"
import type { Latchkey } from "../../core/latchkey.ts"
import { admin, callerOf, connect, resolve, world } from "../support/instance.ts"

const day = 86_400_000
const vaultPath = (name: string) => `secret/data/${name}/key`

let deployment: ReturnType<typeof world>
let latchkey: Latchkey
let id: string
beforeEach(async () => {
  deployment = world()
  latchkey = deployment.instance()
  id = await connect(latchkey)
})

/** Resolves a path, which exists, for a project or for none. */
async function use(name: string, projectId?: string, of = id): Promise<void> {
  deployment.vault.documents.set(`secret/data/${name}`, { key: "value" })
  await resolve(
    latchkey,
    `{{secret://${of}/${vaultPath(name)}}}`,
    projectId === undefined ? {} : { projectId },
  )
}

const usage = (cursor?: string, of = id, principal = admin) =>
  latchkey.usage(callerOf(latchkey, principal), of, cursor)

const failure = (promise: Promise<unknown>) => promise.then(String, (error) => error.code)

describe("the usage of a connection", () => {
  test("is which projects resolved which paths, and when last", async () => {
    await use("app")
    deployment.clock.advance(2 * 3_600_000)
    await use("app", "p1")
    await use("app", "p1")

    expect(await usage()).toEqual({
      data: expect.arrayContaining([
        { path: vaultPath("app"), lastResolvedAt: "2026-01-01T00:00:00.000Z" },
        { path: vaultPath("app"), projectId: "p1", lastResolvedAt: "2026-01-01T02:00:00.000Z" },
      ]),
      next: null,
    })
    expect((await usage()).data).toHaveLength(2)
  })

  test("is of this connection and platform alone", async () => {
    const other = await connect(latchkey)
    await use("app", undefined, other)
    const stranger = { ...admin, platformId: "umbrella" }
    await connect(latchkey, {}, stranger)

    expect((await usage()).data).toEqual([])
    expect(await failure(usage(undefined, id, stranger))).toBe("ENTITY_NOT_FOUND")
    expect(await failure(usage(undefined, "smc_nothing"))).toBe("ENTITY_NOT_FOUND")
  })

  test("goes back 90 days", async () => {
    await use("app")
    deployment.clock.advance(90 * day - 1)
    expect((await usage()).data).toHaveLength(1)
    deployment.clock.advance(1)
    expect((await usage()).data).toEqual([])
  })

  test("leaves out what the connection no longer allows", async () => {
    for (const name of ["p1", "p2"]) await use(name, "p1")
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder as admins write it
    const settings = { allowedPaths: ["secret/data/${projectId}/*"] }
    await latchkey.connections.update(callerOf(latchkey, admin), id, { settings }, undefined)

    expect((await usage()).data.map(({ path }) => path)).toEqual([vaultPath("p1")])
  })

  test("comes in pages of a hundred, by a cursor for this connection alone", async () => {
    const at = deployment.clock.now()
    const uses = Array.from({ length: 250 }, (_, i) => vaultPath(`app-${i}`))
    const touched = uses.map((path) => ({ platformId: "acme", connectionId: id, path }))
    await deployment.usageStore.touch(touched, at)

    const found: string[] = []
    let cursor: string | undefined
    do {
      const page = await usage(cursor)
      expect(page.data.length).toBeLessThanOrEqual(100)
      found.push(...page.data.map(({ path }) => path))
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
    expect(found.sort()).toEqual(uses.sort())

    const { next } = await usage()
    expect(await failure(usage(next ?? "", await connect(latchkey)))).toBe("VALIDATION")
    deployment.clock.advance(3_600_000)
    expect(await failure(usage(next ?? ""))).toBe("VALIDATION")
  })
})
