import { beforeEach, describe, expect, test } from "vitest"
import type { Principal } from "../../core/auth/principal.ts"
import { LatchkeyError, type Reason } from "../../core/errors.ts"
import type { Latchkey } from "../../core/latchkey.ts"
import type { BrowsePage } from "../../core/providers/provider.ts"
import { parseTemplate } from "../../core/references/reference.ts"
import { admin, callerOf, connect, world } from "../support/instance.ts"

const member: Principal = { ...admin, subject: "mia", role: "MEMBER", projectIds: ["p1", "p2"] }
const folder = (path: string) => ({
  path,
  name: path.split("/").at(-2) ?? "",
  kind: "folder" as const,
})
const secret = (path: string) => ({
  path,
  name: path.split("/").at(-1) ?? "",
  kind: "secret" as const,
})

let deployment: ReturnType<typeof world>
let latchkey: Latchkey
beforeEach(() => {
  deployment = world()
  latchkey = deployment.instance()
})

/** What the secret manager has to say, by prefix. */
function holds(pages: Record<string, BrowsePage>): void {
  deployment.vault.pages = new Map(Object.entries(pages))
}

type Input = Parameters<Latchkey["browse"]>[2]

function browse(id: string, input: Input = {}, principal = admin, from = latchkey) {
  return from.browse(callerOf(from, principal), id, input)
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => ({ code: error.code, reason: error.fields?.reason, issues: error.fields?.issues }),
  )

const paths = ({ data }: { data: readonly { path: string }[] }) => data.map(({ path }) => path)

describe("browsing", () => {
  test("begins at the root and goes on where a folder leads", async () => {
    holds({
      "": { data: [folder("secret/data/")] },
      "secret/data/": { data: [folder("secret/data/app/")] },
      "secret/data/app/": { data: [secret("secret/data/app/key")] },
    })
    const id = await connect(latchkey)

    expect(await browse(id)).toEqual({ data: [folder("secret/data/")], next: null })
    expect(paths(await browse(id, { prefix: "secret/data/" }))).toEqual(["secret/data/app/"])
    expect(await browse(id, { prefix: "secret/data/app/" })).toEqual({
      data: [secret("secret/data/app/key")],
      next: null,
    })
  })

  test("writes a secret's path as a reference needs it, and a folder's as the next prefix", async () => {
    const odd = "secret/data/a?b {c} \\d/the key "
    holds({ "": { data: [secret(odd), folder("secret/data/a?b {c} \\d/")] } })
    const id = await connect(latchkey)

    const [found, below] = paths(await browse(id))

    expect(parseTemplate(`{{secret://${id}/${found}}}`)).toMatchObject([{ path: odd, options: {} }])
    expect(below).toBe("secret/data/a?b {c} \\d/")
  })

  test("leaves out what no reference can name", async () => {
    const long = `secret/data/${"x".repeat(2048)}/key`
    holds({ "": { data: [secret("sys/raw/key"), secret("secret//key"), secret(long), secret("kv/app/k")] } })

    expect(paths(await browse(await connect(latchkey)))).toEqual(["kv/app/k"])
  })

  test("is refused with a clear word where the provider cannot be browsed", async () => {
    const id = await connect(latchkey)
    deployment.vault.pages = undefined

    expect(await failure(browse(id))).toMatchObject({ code: "VALIDATION" })
  })

  test.each<Reason>(["PERMISSION_DENIED", "UNREACHABLE", "BAD_CREDENTIALS", "NOT_FOUND"])(
    "says %s as a resolve would",
    async (reason) => {
      const id = await connect(latchkey)
      deployment.vault.failure = reason

      expect(await failure(browse(id))).toMatchObject({ code: "SECRET_MANAGER_GET_SECRET_FAILED", reason })
    },
  )

  test("is limited, together with tests, to 30 a minute for a platform", async () => {
    const id = await connect(latchkey)
    for (let i = 1; i < 30; i++) await browse(id)

    expect(await failure(browse(id))).toMatchObject({ code: "THROTTLED" })
    deployment.clock.advance(60_000)
    expect(await browse(id)).toEqual({ data: [], next: null })
  })
})

describe("who may browse", () => {
  const ofProject = { scope: "PROJECT" as const, projectIds: ["p1"] }

  test("a member browses what a project of theirs may use, and must name it", async () => {
    const id = await connect(latchkey, ofProject)

    expect(await browse(id, { projectId: "p1" }, member)).toEqual({ data: [], next: null })
    expect(await failure(browse(id, { projectId: "p2" }, member))).toMatchObject({ code: "ENTITY_NOT_FOUND" })
    expect(await failure(browse(id, {}, member))).toMatchObject({ code: "AUTHORIZATION" })
    expect(await failure(browse(id, { projectId: "p3" }, member))).toMatchObject({ code: "AUTHORIZATION" })
  })

  test("an admin browses any connection, and as a project only what that may use", async () => {
    const id = await connect(latchkey, ofProject)

    expect(await browse(id)).toEqual({ data: [], next: null })
    expect(await browse(id, { projectId: "p1" })).toEqual({ data: [], next: null })
    expect(await failure(browse(id, { projectId: "p2" }))).toMatchObject({ code: "ENTITY_NOT_FOUND" })
  })

  test("another platform's connection does not exist", async () => {
    const id = await connect(latchkey)
    const stranger = { ...admin, platformId: "umbrella" }
    await connect(latchkey, {}, stranger)

    expect(await failure(browse(id, {}, stranger))).toMatchObject({ code: "ENTITY_NOT_FOUND" })
    expect(deployment.vault.browses).toEqual([])
  })

  test("a record changed outside Latchkey leads nowhere", async () => {
    const id = await connect(latchkey, ofProject)
    for (const record of deployment.store.connections.values()) record.scope = "PLATFORM"

    expect(await failure(browse(id))).toMatchObject({ code: "UNAVAILABLE" })
    expect(deployment.vault.browses).toEqual([])
  })
})

describe("allowed paths", () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder as admins write it
  const allowedPaths = ["secret/data/shared/*", "secret/data/${projectId}/**"]
  const pages = {
    "": { data: [folder("secret/data/"), folder("kv/")] },
    "secret/data/": { data: [folder("secret/data/p1/"), folder("secret/data/p2/")] },
    "secret/data/shared/": { data: [secret("secret/data/shared/key"), folder("secret/data/shared/deep/")] },
  }

  test("hide what they do not let through, for the project that is named", async () => {
    holds(pages)
    const id = await connect(latchkey, { settings: { allowedPaths } })

    expect(paths(await browse(id))).toEqual(["secret/data/"])
    expect(paths(await browse(id, { prefix: "secret/data/" }))).toEqual([])
    expect(paths(await browse(id, { prefix: "secret/data/", projectId: "p1" }))).toEqual(["secret/data/p1/"])
    expect(paths(await browse(id, { prefix: "secret/data/", projectId: "p2" }))).toEqual(["secret/data/p2/"])
    expect(paths(await browse(id, { prefix: "secret/data/shared/" }))).toEqual(["secret/data/shared/key"])
  })

  test("hold before anything is asked", async () => {
    holds(pages)
    const id = await connect(latchkey, { settings: { allowedPaths } })

    for (const input of [{ prefix: "kv/" }, { prefix: "secret/data/p2/", projectId: "p1" }])
      expect(await failure(browse(id, input))).toMatchObject({ reason: "PATH_NOT_ALLOWED" })
    expect(deployment.vault.browses).toEqual([])
  })

  test("take effect at once, whatever is cached", async () => {
    holds(pages)
    const id = await connect(latchkey)
    expect(paths(await browse(id))).toEqual(["secret/data/", "kv/"])

    const caller = callerOf(latchkey, admin)
    await latchkey.connections.update(caller, id, { settings: { allowedPaths: ["kv/**"] } }, undefined)

    expect(paths(await browse(id))).toEqual(["kv/"])
  })
})

describe("names without measure", () => {
  test("are refused before they are a reply that Lambda cannot return", async () => {
    const id = await connect(latchkey)
    holds({ "": { data: [folder(`${"f".repeat(5_000_000)}/`)] } })
    expect(await failure(browse(id))).toMatchObject({ code: "PAYLOAD_TOO_LARGE" })
  })
})

describe("pages", () => {
  const first: BrowsePage = { data: [secret("kv/app/a")], next: "after a" }
  const second: BrowsePage = { data: [secret("kv/app/b")] }
  beforeEach(() => holds({ "kv/app/": first, "kv/app/|after a": second }))

  test("follow each other by a cursor that shows nothing of the secret manager's", async () => {
    const id = await connect(latchkey)

    const { next } = await browse(id, { prefix: "kv/app/" })
    const rest = await browse(id, { prefix: "kv/app/", cursor: next ?? "" })

    expect(next).toMatch(/^[\w-]+$/)
    expect(Buffer.from(next ?? "", "base64url").toString()).not.toContain("after a")
    expect(rest).toEqual({ data: second.data, next: null })
  })

  test("a cursor is good for the same connection, prefix, project and kind of caller, for an hour", async () => {
    const id = await connect(latchkey)
    const other = await connect(latchkey)
    const cursor = (await browse(id, { prefix: "kv/app/" })).next ?? ""
    const stranger = { ...admin, platformId: "umbrella" }
    const theirs = await connect(latchkey, {}, stranger)
    const list = await latchkey.connections.list(callerOf(latchkey, admin), { limit: 1 })

    const attempts = [
      browse(other, { prefix: "kv/app/", cursor }),
      browse(theirs, { prefix: "kv/app/", cursor }, stranger),
      browse(id, { prefix: "kv/", cursor }),
      browse(id, { prefix: "kv/app/", cursor, projectId: "p1" }),
      browse(id, { prefix: "kv/app/", cursor, projectId: "p1" }, member),
      browse(id, { prefix: "kv/app/", cursor: list.next ?? "" }),
      browse(id, { prefix: "kv/app/", cursor: "made-up" }),
    ]
    for (const attempt of attempts)
      expect(await failure(attempt)).toMatchObject({ code: "VALIDATION", issues: [{ pointer: "/cursor" }] })

    deployment.clock.advance(3_600_000)
    expect(await failure(browse(id, { prefix: "kv/app/", cursor }))).toMatchObject({ code: "VALIDATION" })
    expect(deployment.vault.browses).toEqual(["kv/app/"])
  })
})

describe("the cache", () => {
  beforeEach(() => holds({ "kv/": { data: [folder("kv/hidden-name/")] } }))

  test("answers for a minute, in this instance and the others", async () => {
    const id = await connect(latchkey)
    const other = deployment.instance()

    for (const from of [latchkey, latchkey, other]) await browse(id, { prefix: "kv/" }, admin, from)
    expect(deployment.vault.browses).toHaveLength(1)

    deployment.clock.advance(60_000)
    for (const from of [latchkey, other]) await browse(id, { prefix: "kv/" }, admin, from)
    expect(deployment.vault.browses).toHaveLength(2)
  })

  test("is gone with a clear, while Redis is out of reach too", async () => {
    const id = await connect(latchkey)
    await browse(id, { prefix: "kv/" })

    deployment.redis.down = true
    await latchkey.clear(callerOf(latchkey, admin), id)
    deployment.redis.down = false
    await browse(id, { prefix: "kv/" })

    expect(deployment.vault.browses).toHaveLength(2)
  })

  test("is not used where the connection has none", async () => {
    const id = await connect(latchkey, { settings: { cacheTtlSeconds: 0 } })

    await browse(id, { prefix: "kv/" })
    await browse(id, { prefix: "kv/" })

    expect(deployment.vault.browses).toHaveLength(2)
  })

  test("is missed, not needed, while Redis is out of reach", async () => {
    const id = await connect(latchkey)
    deployment.redis.down = true

    expect(paths(await browse(id, { prefix: "kv/" }))).toEqual(["kv/hidden-name/"])
  })

  test("shows whoever reads Redis no name and no prefix, and takes nothing from whoever writes it", async () => {
    const id = await connect(latchkey)
    await browse(id, { prefix: "kv/" })
    const entries = JSON.stringify([...deployment.redis.entries])
    for (const text of ["hidden-name", "kv/"])
      for (const written of [text, Buffer.from(text).toString("base64").replace(/.=*$/, "")])
        expect(entries).not.toContain(written)

    const other = await connect(latchkey)
    const before = new Set(deployment.redis.entries.keys())
    holds({ "kv/": { data: [folder("kv/other/")] } })
    await browse(other, { prefix: "kv/" })
    const [planted] = [...deployment.redis.entries].filter(([name]) => !before.has(name))
    const sealed = [...deployment.redis.entries.values()].filter(({ value }) => value.length > 100)
    for (const entry of sealed) entry.value = planted?.[1].value ?? ""

    expect(paths(await browse(id, { prefix: "kv/" }, admin, deployment.instance()))).toEqual(["kv/other/"])
    expect(deployment.vault.browses).toHaveLength(3)
  })
})

describe("the audit", () => {
  const events = () => deployment.audit.filter(({ action }) => action === "secret.browse")

  test("has who browsed what at which host, before the secret manager is asked", async () => {
    const id = await connect(latchkey)
    await browse(id, { prefix: "kv/", projectId: "p1" }, member)

    expect(events()).toMatchObject([
      {
        platformId: "acme",
        actor: "mia",
        connectionId: id,
        projectId: "p1",
        host: "vault.example",
        paths: [{ path: "kv/", count: 1 }],
      },
    ])
  })

  test("has why it failed, also for a connection that is not there", async () => {
    const id = await connect(latchkey, { settings: { allowedPaths: [] } })
    await failure(browse(id))
    await failure(browse("smc_nothing"))

    expect(events().map(({ connectionId, code, reason }) => ({ connectionId, code, reason }))).toEqual([
      { connectionId: id },
      { connectionId: id, code: "SECRET_MANAGER_GET_SECRET_FAILED", reason: "PATH_NOT_ALLOWED" },
      { connectionId: "smc_nothing" },
      { connectionId: "smc_nothing", code: "ENTITY_NOT_FOUND" },
    ])
  })

  test("is required: nothing is asked without it", async () => {
    const id = await connect(latchkey)
    const caller = callerOf(latchkey, admin)
    const audit = { record: () => Promise.reject(new LatchkeyError("UNAVAILABLE", "No record.")) }

    expect(await failure(latchkey.browse({ ...caller, audit }, id, {}))).toMatchObject({
      code: "UNAVAILABLE",
    })
    expect(deployment.vault.browses).toEqual([])
  })
})
