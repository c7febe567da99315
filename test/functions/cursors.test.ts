import fc from "fast-check"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { kindsOf, type Principal } from "../../core/auth/principal.ts"
import type { Operation } from "../../core/contract/operation.ts"
import { operations } from "../../core/contract/operations/index.ts"
import { parameterNames } from "../../core/contract/routes.ts"
import type { App } from "../../functions/app.ts"
import type { Handler } from "../../functions/handler.ts"
import { connect, type World, world } from "../support/instance.ts"
import { admin, apiEvent, capturedOutput, lambdaContext, member, service } from "./fakes.ts"

/**
 * Every operation of the contract that pages, and cursors that were changed, made up or taken elsewhere: through the
 * functions as they are, over a deployment in memory whose clock is moved.
 */
const everyOperation: readonly Operation[] = Object.values(operations)
const fieldsOf = (make: Operation["body"]): object =>
  (make?.() as { shape?: object } | undefined)?.shape ?? {}
const takesInQuery = ({ query }: Operation) => "cursor" in fieldsOf(query)
const paging = everyOperation.filter((one) => takesInQuery(one) || "cursor" in fieldsOf(one.body))
const fieldNames = ({ path, query, body }: Operation) => [
  ...parameterNames(path),
  ...Object.keys({ ...fieldsOf(query), ...fieldsOf(body) }),
]

const fileOf = ({ id }: Operation) =>
  `../../functions/${id.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.ts`

/** What makes another list of it: all that it takes but for what says how much of it. */
const filtersOf = (operation: Operation) =>
  fieldNames(operation).filter((name) => name !== "cursor" && name !== "limit")

type Fields = Readonly<Record<string, string>>

/** What is asked where an operation takes it, so that a page holds less than there is. */
const asked = { id: "abcdefghijklmnopqrstu", projectId: "p1", limit: "1" }
/** What could be asked instead: each is about another list. */
const otherwise: Fields = {
  id: "stuvwxyzabcdefghijklm",
  projectId: "p2",
  connectionId: "abcdefghijklmnopqrstu",
  actor: "ada",
  action: "connection.created",
  from: "2025-12-31T00:00:00Z",
  to: "2026-01-02T00:00:00Z",
  prefix: "app/",
}

const hour = 3_600_000
/** Some may be asked 30 times a minute. */
const betweenMs = 2_001

const evil: Principal = { ...admin, platformId: "evil" }
const kinds: readonly Principal[] = [admin, member, service, { ...admin, type: "SERVICE" }]

const deployment = vi.hoisted(() => ({ app: undefined as App | undefined }))
vi.mock(import("../../functions/app.ts"), async (load) => ({
  ...(await load()),
  getApp: async () => deployment.app as App,
  consoleOrigin: () => undefined,
  isSampled: () => true,
}))

let here: World
let output: ReturnType<typeof capturedOutput>

/** Two platforms with the same ids, and in both more of everything than a page holds: of a new operation's too. */
beforeEach(async () => {
  output = capturedOutput()
  here = world()
  const latchkey = here.instance()
  deployment.app = { ...latchkey, directCallers: [] }
  here.vault.pages = new Map()
  for (const prefix of ["", "app/"])
    here.vault.pages.set(prefix, { data: [], next: "2" }).set(`${prefix}|2`, { data: [] })
  for (const { platformId } of [admin, evil])
    for (const id of [asked.id, otherwise.id ?? ""]) {
      await connect(latchkey, { id }, { ...admin, platformId })
      const uses = Array.from({ length: 101 }, (_, i) => ({ platformId, connectionId: id, path: `app/${i}` }))
      await here.usageStore.touch(uses, here.clock.now())
    }
})
afterEach(() => vi.restoreAllMocks())

async function ask(operation: Operation, cursor?: unknown, by: Principal = admin, changed: Fields = {}) {
  here.clock.advance(betweenMs)
  const names = fieldNames(operation)
  const parameters = parameterNames(operation.path)
  const fields = Object.entries<unknown>({ ...asked, ...changed, ...(cursor !== undefined && { cursor }) })
  const path = fields.filter(([name]) => parameters.includes(name))
  const rest = fields.filter(([name]) => names.includes(name) && !parameters.includes(name))
  const sent = Object.fromEntries(rest)
  const event = apiEvent(
    takesInQuery(operation) ? undefined : sent,
    {
      httpMethod: operation.method,
      pathParameters: Object.fromEntries(path),
      queryStringParameters: takesInQuery(operation) ? sent : null,
    },
    by,
  )
  const { handler } = (await import(fileOf(operation))) as { handler: Handler }
  const { statusCode, body } = await handler(event, lambdaContext())
  return { status: statusCode, body: JSON.parse(body) }
}

async function cursorOf(operation: Operation, by?: Principal): Promise<string> {
  const { status, body } = await ask(operation, undefined, by)
  expect([status, body.next]).toEqual([200, expect.any(String)])
  return body.next
}

/** An answer, without the id of the request. */
async function answerTo(...request: Parameters<typeof ask>): Promise<string> {
  const { status, body } = await ask(...request)
  const { requestId, ...rest } = body
  expect(requestId).toMatch(/^req_[\w-]{21}$/)
  return JSON.stringify([status, rest])
}

/** The answers to what is none of this list's, no cursor, and no text. All that is refused gets one of them, word for word. */
async function refusals(operation: Operation): Promise<string[]> {
  const answers = []
  for (const cursor of ["AAAA", "?", ...(takesInQuery(operation) ? [] : [7])])
    answers.push(await answerTo(operation, cursor))
  for (const answer of answers)
    expect(JSON.parse(answer)).toEqual([
      400,
      expect.objectContaining({
        code: "VALIDATION",
        issues: [{ pointer: "/cursor", message: expect.any(String) }],
      }),
    ])
  return answers
}

async function allRefused(operation: Operation, cursors: readonly unknown[]): Promise<void> {
  const known = await refusals(operation)
  for (const cursor of cursors) {
    const answer = await answerTo(operation, cursor)
    if (!known.includes(answer)) expect.unreachable(`${JSON.stringify(cursor)} got ${answer}`)
  }
  const printed = output.lines.join("\n")
  const repeated = cursors.filter(
    (one) => typeof one === "string" && one.length > 20 && printed.includes(one),
  )
  expect(repeated).toEqual([])
}

/** All that a cursor may be written with. */
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
const letter = (at: number) => letters.at(at % letters.length)
const places = (cursor: string) => Array.from(cursor, (_, at) => at)

/** Ways to change a cursor, each done at every place in it. */
const changes: Record<string, (cursor: string) => string[]> = {
  "another byte": (cursor) => {
    const bytes = Buffer.from(cursor, "base64url")
    return Array.from(bytes, (byte, at) => {
      const changed = Buffer.from(bytes)
      changed[at] = byte ^ (1 + (at % 255))
      return changed.toString("base64url")
    })
  },
  "another letter": (cursor) =>
    places(cursor).map((at) => {
      const another = letter(letters.indexOf(cursor[at] ?? "") + 1 + (at % (letters.length - 1)))
      return cursor.slice(0, at) + another + cursor.slice(at + 1)
    }),
  "one letter more": (cursor) =>
    [...places(cursor), cursor.length].map((at) => cursor.slice(0, at) + letter(at) + cursor.slice(at)),
  "an end": (cursor) => places(cursor).map((at) => cursor.slice(0, at)),
}

describe.for(paging.map((operation) => [operation.id, operation] as const))(
  "a cursor of %s",
  ([, operation]) => {
    test.for(Object.entries(changes))("with %s anywhere is refused", async ([, change]) => {
      const cursor = await cursorOf(operation)
      await allRefused(operation, change(cursor))
      expect((await ask(operation, cursor)).status).toBe(200)
    })

    test("that is longer, or put together of two, is refused", async () => {
      const cursor = await cursorOf(operation)
      const another = await cursorOf(operation)
      const half = cursor.length / 2
      const ends = ["=", "==", "~", ".", "A", "AAAA", "%00", " ", "\u0000", "\n", cursor, another]
      await allRefused(operation, [
        ...ends.flatMap((end) => [cursor + end, end + cursor]),
        cursor.slice(0, half) + another.slice(half),
        ...[2_048, 8_192, 8_193, 200_000].map((length) => cursor.padEnd(length, cursor)),
      ])
    })

    test("that is made up is refused", async () => {
      const random = fc.oneof(
        fc.string({ unit: "binary", maxLength: 100 }),
        fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes).toString("base64url")),
        fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)).toString("base64url")),
        fc.constantFrom("__proto__", "null", "undefined", "0", "..", "~", "\ud800", "x".repeat(200_000)),
      )
      const noText = fc.jsonValue().filter((value) => typeof value !== "string")
      await allRefused(operation, [
        ...fc.sample(random, 200),
        ...(takesInQuery(operation) ? [] : fc.sample(noText, 50)),
      ])
    })

    test("is refused by every other operation", async () => {
      const cursor = await cursorOf(operation)
      for (const other of paging) if (other !== operation) await allRefused(other, [cursor])
    })

    test("is refused from another platform, with the same ids and the same question", async () => {
      const [foreign] = await refusals(operation)
      expect(await answerTo(operation, await cursorOf(operation, evil))).toBe(foreign)
    })

    test("is refused from a caller of another kind", async () => {
      const open = kinds.filter(
        (by) => operation.who !== "public" && kindsOf(by).some((kind) => operation.who.includes(kind)),
      )
      expect(open.length).toBeGreaterThan(1)
      const [foreign] = await refusals(operation)
      for (const by of open) {
        const cursor = await cursorOf(operation, by)
        for (const other of open)
          if (other === by) expect((await ask(operation, cursor, other)).status).toBe(200)
          else expect(await answerTo(operation, cursor, other)).toBe(foreign)
      }
    })

    test.for(filtersOf(operation).map((name) => [name] as const))(
      "is refused with another %s",
      async ([name]) => {
        const [foreign] = await refusals(operation)
        const changed = Object.fromEntries(Object.entries(otherwise).filter(([field]) => field === name))
        expect((await ask(operation, undefined, admin, changed)).status).toBe(200)
        expect(await answerTo(operation, await cursorOf(operation), admin, changed)).toBe(foreign)
      },
    )

    test("is good for an hour", async () => {
      const [foreign] = await refusals(operation)
      const cursor = await cursorOf(operation)
      here.clock.advance(hour - 2 * betweenMs)
      expect((await ask(operation, cursor)).status).toBe(200)
      expect(await answerTo(operation, cursor)).toBe(foreign)
    })
  },
)
