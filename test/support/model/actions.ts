import fc from "fast-check"
import {
  applies,
  type Change,
  type Document,
  documents,
  type Platform,
  type Project,
  projects,
  type Question,
  type Settings,
  type Tenant,
} from "./tenant.ts"
import type { World } from "./world.ts"

export type Tenants = Record<Platform, Tenant>

/** What is done for some platform. It has begun when `begin` returns, and is checked by what that then settles with. */
export interface Action {
  name: string
  platform: Platform
  /** At the same time there may be many questions, but one each of the others for a platform. */
  kind: "question" | "change" | "rotation"
  begin(tenants: Tenants, world: World): Promise<void>
}

export function asking(instance: number, platform: Platform, question: Question): Action {
  const asked = question.documents.map((document) => document.slice(document.lastIndexOf("/") + 1))
  return {
    name: `ask ${instance} for ${platform}'s ${asked.join(" and ")}, ${question.project ?? "no project"}`,
    platform,
    kind: "question",
    async begin(tenants, world) {
      const judge = tenants[platform].beginQuestion(question)
      judge(await world.resolve(instance % world.instances, platform, question))
    },
  }
}

/** Of several changes the first that can be made is. */
export const changing = (instance: number, platform: Platform, ...either: readonly Change[]): Action => ({
  name: `${platform}: ${either.map(nameOf).join(", or ")}, on ${instance}`,
  platform,
  kind: "change",
  async begin(tenants, world) {
    const tenant = tenants[platform]
    const change = either.find((one) => applies(one, tenant.facts()))
    if (!change) return
    const ended = tenant.beginChange(change)
    ended(await world.change(instance % world.instances, platform, change))
  },
})

const nameOf = ({ kind, ...rest }: Change) =>
  [kind, ...Object.values(rest).map((value) => JSON.stringify(value))].join(" ")

export const rotating = (platform: Platform, document: Document, gone = false): Action => ({
  name: `${platform}: ${gone ? "take away" : "rotate"} ${document}`,
  platform,
  kind: "rotation",
  async begin(tenants, world) {
    const { text, written } = tenants[platform].beginRotation(document, gone)
    await world.write(platform, document, text)
    written()
  },
})

/** One of these; the numbers say how often, against the others. */
export const oneOf = <T>(...ones: readonly [T, number][]): fc.Arbitrary<T> =>
  fc.oneof(...ones.map(([one, weight]) => ({ weight, arbitrary: fc.constant(one) })))

export const settings: fc.Arbitrary<Settings> = fc
  .record({
    ttlSeconds: oneOf([60, 6], [120, 1], [3, 2], [0, 1]),
    staleSeconds: oneOf([600, 3], [0, 1]),
    allowance: oneOf<Settings["allowance"]>(
      ["all", 9],
      ["what is shared", 1],
      ["the project's", 1],
      ["none", 1],
    ),
  })
  .map((one) => (one.ttlSeconds > 0 ? one : { ...one, staleSeconds: 0 }))

const scopes = oneOf<readonly Project[] | undefined>(
  [undefined, 2],
  [["p1"], 2],
  [["p2"], 1],
  [[...projects], 1],
)

const clearings = oneOf<Change>(
  [{ kind: "clear" }, 3],
  [{ kind: "clear the platform" }, 2],
  [{ kind: "call the webhook" }, 1],
  [{ kind: "test" }, 1],
  [{ kind: "update the config" }, 1],
)

const eitherChange: fc.Arbitrary<Change[]> = fc.oneof(
  { weight: 6, arbitrary: clearings.map((one) => [one]) },
  { weight: 2, arbitrary: settings.map((settings): Change[] => [{ kind: "update the settings", settings }]) },
  { weight: 2, arbitrary: scopes.map((projects): Change[] => [{ kind: "update the scope", projects }]) },
  {
    weight: 1,
    arbitrary: settings.map((settings): Change[] => [{ kind: "delete" }, { kind: "create", settings }]),
  },
  { weight: 1, arbitrary: fc.constant<Change[]>([{ kind: "edit by hand" }, { kind: "undo the edit" }]) },
)

/** More is to be done on one of both, so that what was done there before matters. */
export const platformsAtWork = oneOf<Platform>(["acme", 2], ["evil", 1])
export const instances = fc.nat(2)

const questionArbitrary: fc.Arbitrary<Question> = fc.record({
  documents: oneOf<readonly Document[]>([documents, 2], [[documents[0]], 1], [[documents[1]], 1]),
  project: oneOf<Project | undefined>(["p1", 4], [undefined, 1], ["p2", 1]),
})

export const questions = fc.tuple(instances, platformsAtWork, questionArbitrary).map((all) => asking(...all))

/** The same question, before and after a change. */
export const questionsAround = fc
  .record({
    platform: platformsAtWork,
    question: questionArbitrary,
    on: fc.tuple(instances, instances, instances),
  })
  .chain(({ platform, question, on: [before, at, after] }) =>
    eitherChange.map((either) => ({
      before: asking(before, platform, question),
      change: changing(at, platform, ...either),
      after: asking(after, platform, question),
    })),
  )

export const changes = fc
  .tuple(instances, platformsAtWork, eitherChange)
  .map(([instance, platform, either]) => changing(instance, platform, ...either))

/** Without these most of what happens would be about connections that nobody can use. */
export const mending = fc
  .tuple(instances, platformsAtWork, settings)
  .map(([instance, platform, settings]) =>
    changing(
      instance,
      platform,
      { kind: "create", settings },
      { kind: "undo the edit" },
      { kind: "update the scope", projects: undefined },
    ),
  )

export const rotations = fc
  .tuple(platformsAtWork, fc.constantFrom(...documents), oneOf([false, 4], [true, 1]))
  .map((all) => rotating(...all))
