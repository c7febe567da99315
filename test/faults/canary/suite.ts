import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { served } from "../../../core/contract/routes.ts"
import type { ProviderId } from "../../../core/providers/registry.ts"
import type { RecordingProxy } from "../../conformance/proxy.ts"
import type { Sent } from "../../support/fault-proxy.ts"
import { admin } from "../../support/sandbox-api.ts"
import type { Answered } from "./calls.ts"
import { calm, type Driven, drive, nameOf, type Run } from "./drive.ts"
import { type Canaries, canaryOf, searchFor } from "./search.ts"
import { own, type Stage, startStage } from "./stage.ts"
import type { Config, Target } from "./target.ts"

type Places = Partial<Record<Answered["operation"], readonly string[]>>

/** Where answers have secrets, since they were asked for them. */
const secretPlaces: Places = { resolve: ["value"], resolveDirect: ["value"], webhookSecret: ["secret"] }
/** Where they have what is no secret, and yet nobody else's business. */
const openPlaces: Places = {
  ...secretPlaces,
  ...{ validate: ["path"], audit: ["path"], usage: ["path"], browse: ["path", "name"] },
  ...{ listConnections: ["config"], getConnection: ["config"] },
  ...{ createConnection: ["config"], updateConnection: ["config"] },
}

/** Choices among a few words, which cannot be told from other words. */
const words: readonly string[] = ["authMethod"]

/** Failures that nobody has to notice. */
const harmless: readonly string[] = ["no redis", "echoes for versions"]

/**
 * Canaries stand wherever there is something to keep: in each field of each configuration, in what the secret manager holds
 * and makes, in callers' tokens and Latchkey's own credentials. Every operation is driven, and then all that went out is
 * searched for them.
 */
export function describeCanaries(providerId: ProviderId, startTarget: () => Promise<Target>): void {
  let target: Target
  let stage: Stage
  let driven: Driven
  /** What is nobody's business but the secret manager's and, some of it, Latchkey's. */
  let secrets: Canaries
  /** Of configurations what is no secret. */
  let open: Canaries

  beforeAll(async () => {
    target = await startTarget()
    stage = await startStage(target.environment)
    driven = await drive(stage, target)
    const marks = driven.runs.flatMap(({ config }, run) =>
      fieldsOf(config).map(([field, text]) => ({ field, name: `${field} of run ${run}`, text })),
    )
    const isSecret = ({ field }: { field: string }) => driven.secretFields.includes(field)
    const byName = (some: typeof marks) => Object.fromEntries(some.map(({ name, text }) => [name, text]))
    open = byName(marks.filter((mark) => !isSecret(mark)))
    secrets = {
      ...byName(marks.filter(isSecret)),
      ...{ ...own, ...driven.secrets, ...target.values, ...target.made() },
      ...credentialsSentBy(target.wires),
      ...Object.fromEntries([...stage.keys].map((key, at) => [`key ${at}`, Buffer.from(key, "base64")])),
    }
  }, 300_000)

  afterAll(async () => {
    await stage?.close()
    await target?.stop()
  })

  const everything = () => ({ ...secrets, ...open, ...target.names })

  describe("canaries are", () => {
    test("in every field of a configuration", () => {
      const covered = new Set(driven.runs.flatMap(({ config }) => Object.keys(config)))
      expect([...covered].sort()).toEqual(driven.fields.map(({ name }) => name).sort())
    })

    test("sent to the secret manager, or do their work without", async () => {
      const marks = searchFor(Object.fromEntries(driven.runs.flatMap(({ config }) => fieldsOf(config))))
      const sent = target.wires
        .flatMap(({ requests }) => requests)
        .flatMap(({ path, headers, body }) => marks([path, JSON.stringify(headers), body].join("\n")))
      const names = driven.fields.map(({ name }) => name)
      const choices = names.filter((name) => words.includes(name))
      expect([...new Set(sent), ...choices, ...Object.keys(target.unsent)].sort()).toEqual(names.sort())

      const ada = stage.api.as(admin("unsent"))
      const connect = async (config: Config) =>
        (await ada.post("", { providerId, name: "x", scope: "PLATFORM", config })).body.code
      for (const [field, another] of Object.entries(target.unsent))
        for (const way of Object.values(target.ways)) {
          const config = await way("unsent")
          const code = field in config ? await connect({ ...config, [field]: another }) : undefined
          expect([field, code]).toEqual([
            field,
            field in config ? "SECRET_MANAGER_CONNECTION_FAILED" : undefined,
          ])
        }
    })

    test("resolved, by every way to connect", () => {
      const resolutions = driven.answers.filter(({ name }) => name.startsWith("everything before"))
      const expected = Object.entries(target.known).map(([name, { value }]) => [name, [value, value]])
      expect(resolutions).toHaveLength(driven.runs.length)
      for (const { name, answer } of resolutions)
        expect([name, answer.body.value]).toEqual([name, Object.fromEntries(expected)])
    })

    test("on the way through every operation, and through failures", () => {
      const operations = new Set<string>(driven.answers.map(({ operation }) => operation))
      expect(operations).toEqual(new Set([...Object.keys(served), "resolveDirect"]))
      const statusOf = (call: string, run: Run) =>
        driven.answers.find(({ name }) => name === `${call} with ${nameOf(run)}`)?.answer.status
      for (const run of driven.runs) {
        const cold = statusOf("resolve cold", run)
        if (run.fault !== calm) {
          const fails = driven.answers.some(
            ({ name, answer }) => name.endsWith(` with ${nameOf(run)}`) && answer.status >= 424,
          )
          expect([nameOf(run), fails]).toEqual([nameOf(run), !harmless.includes(run.fault)])
          continue
        }
        const others = ["createConnection ", "browse ", "webhookSecret ", "rotated "]
        expect([cold, ...others.map((call) => statusOf(call, run))]).toEqual([200, 201, 200, 200, 202])
      }
    })
  })

  describe("nothing that is to be kept", () => {
    test("is in any answer, save what was asked for", () => {
      const texts = (places: Places) =>
        Object.fromEntries(driven.answers.map((one, at) => [`${at}: ${one.name}`, textOf(one, places)]))
      expect(found(texts(secretPlaces), secrets, /^an unknown field$/)).toEqual({})
      // All regions are listed.
      expect(found(texts(openPlaces), everything(), /^(?:an unknown field$|region of)/)).toEqual({})
    })

    test("is in any line of log or metric, or anything else that is printed", () => {
      const lines = linesOf(stage.printed)
      expect(found(lines, everything())).toEqual({})
      for (const operation of [...Object.keys(served), "resolveDirect", "rotationEvents"])
        expect([operation, isIn(lines, `"operation":"${operation}"`)]).toEqual([operation, true])
      for (const outcome of ["taken", "ignored"])
        expect([outcome, isIn(lines, `"outcome":"${outcome}","RotationEvents"`)]).toEqual([outcome, true])
      expect(isIn(lines, '"Namespace":"Latchkey"')).toBe(true)
    })

    test("is in what a function throws, or sends to X-Ray", async () => {
      expect(found(linesOf(stage.thrown), everything())).toEqual({})
      await stage.xray.send("the last one")
      expect(stage.xray.segments).toEqual(["the last one"])
    })

    test("is in what the system shows of the process", () => {
      const shown = [...driven.titles, ...process.argv, ...process.execArgv].join("\n")
      expect(found({ shown }, everything())).toEqual({})
    })

    test("is in what Redis is told, save its own token", () => {
      const { sent } = stage.wires.redis
      expect(found(textsOf(sent), everything(), /^Redis token$/)).toEqual({})
      expect(found(textsOf(sent.map((one) => ({ ...one, headers: {} }))), own)).toEqual({})
      expect(sent.length).toBeGreaterThan(driven.runs.length)
    })

    test("is in what the table of connections is told, save AWS's regions", () => {
      const texts = textsOf(sentTo("latchkey-connections"))
      expect(found(texts, everything(), /^region of/)).toEqual({})
      expect(isIn(texts, "wrappedKey")).toBe(true)
    })

    test("is in audit and usage, save paths", () => {
      for (const table of ["latchkey-audit", "latchkey-usage"]) {
        const texts = textsOf(sentTo(table))
        expect([table, found(texts, { ...secrets, ...open })]).toEqual([table, {}])
        expect([table, isIn(texts, target.known.text.path)]).toEqual([table, true])
      }
    })

    test("is in what KMS is told", () => {
      const texts = textsOf(stage.wires.kms.sent)
      expect(found(texts, everything())).toEqual({})
      expect(isIn(texts, '"purpose":"config"')).toBe(true)
    })
  })

  test("no failure was a bug", () => {
    const bugs = driven.answers.filter(({ answer }) => answer.body.code === ("INTERNAL" as unknown))
    expect(bugs.map(({ name }) => name)).toEqual([])
  })

  const sentTo = (table: string) => stage.wires.dynamodb.sent.filter(({ body }) => tableOf(body) === table)
}

/** Each field that can be told from what is common, with its canary. */
const fieldsOf = (config: Config) =>
  Object.entries(config)
    .filter(([field]) => !words.includes(field))
    .map(([field, text]) => [field, canaryOf(String(text))] as const)

/** By canary, in which of the texts it is; but for those that may be there. */
function found(texts: Readonly<Record<string, string>>, canaries: Canaries, save: RegExp = /^$/) {
  const search = searchFor(Object.fromEntries(Object.entries(canaries).filter(([name]) => !save.test(name))))
  const places: Record<string, string[]> = {}
  for (const [where, text] of Object.entries(texts))
    for (const name of search(text)) places[name] = [...(places[name] ?? []), where].slice(0, 5)
  return places
}

const linesOf = (lines: readonly string[]) =>
  Object.fromEntries(lines.map((line, at) => [`line ${at}`, line]))

const isIn = (texts: Readonly<Record<string, string>>, part: string) =>
  Object.values(texts).some((text) => text.includes(part))

/** An answer's text and headers, without what stands in its operation's places. */
function textOf({ operation, answer: { text, body, headers } }: Answered, places: Places): string {
  const without = places[operation] ?? []
  const rest = text.startsWith("{")
    ? JSON.stringify(body, (key, value) => (without.includes(key) ? undefined : value))
    : text
  return rest + JSON.stringify([...headers])
}

/** Each request as text, and the bytes of what it has in base64. */
function textsOf(sent: readonly Sent[]): Record<string, string> {
  return Object.fromEntries(
    sent.map(({ operation, path, headers, body }, at) => {
      const text = body.toString()
      const bytes = [...text.matchAll(/"([A-Za-z0-9+/=]{24,})"/g)].map(([, base64 = ""]) =>
        Buffer.from(base64, "base64").toString("latin1"),
      )
      return [`${at}: ${operation}`, [path, JSON.stringify(headers), text, ...bytes].join("\n")]
    }),
  )
}

/** The one table that a request of DynamoDB's is for. */
function tableOf(body: Buffer): string {
  const names = body.toString().matchAll(/latchkey-(?:connections|audit|usage)/g)
  const [table, ...others] = new Set([...names].map(([name]) => name))
  if (table === undefined || others.length > 0) throw new Error("A request that is not for one table")
  return table
}

/** Tokens that were sent to secret managers, in whatever header. */
function credentialsSentBy(wires: readonly RecordingProxy[]): Canaries {
  const tokens = wires
    .flatMap(({ requests }) => requests)
    .flatMap(({ headers }) => [
      headers["x-vault-token"],
      headers["x-amz-security-token"],
      /^(?:Bearer |Token token=")([^"]+)/.exec(headers.authorization ?? "")?.[1],
    ])
    .filter((token) => typeof token === "string")
  return Object.fromEntries([...new Set(tokens)].map((token, at) => [`token sent ${at}`, canaryOf(token)]))
}
