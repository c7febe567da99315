import type { Source } from "../../../core/secrets/found.ts"

/*
 * What a platform may be answered, as it is known from outside: who changed what, and when that was acknowledged. There is no
 * cache in it, no instance and no Redis.
 */

export const platforms = ["acme", "evil"] as const
export type Platform = (typeof platforms)[number]

export const projects = ["p1", "p2"] as const
export type Project = (typeof projects)[number]

/** The same on both platforms, each with a secret manager of its own behind it. */
export const documents = ["secret/data/shared/db", "secret/data/p1/mail"] as const
export type Document = (typeof documents)[number]

interface Allowance {
  /** As a setting; null: any path. */
  patterns: string[] | null
  covers(document: Document, project: Project | undefined): boolean
}

export const allowances = {
  all: { patterns: null, covers: () => true },
  none: { patterns: [], covers: () => false },
  "what is shared": {
    patterns: ["secret/data/shared/**"],
    covers: (document) => document === "secret/data/shared/db",
  },
  "the project's": {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder as admins write it
    patterns: ["secret/data/${projectId}/**"],
    covers: (document, project) => document === "secret/data/p1/mail" && project === "p1",
  },
} satisfies Record<string, Allowance>

export interface Settings {
  ttlSeconds: number
  staleSeconds: number
  allowance: keyof typeof allowances
}

export type Change =
  /** Nothing that was fetched before may be answered after. */
  | { kind: "clear" | "clear the platform" | "call the webhook" | "test" | "update the config" }
  | { kind: "update the settings"; settings: Settings }
  /** Without projects it is open to the whole platform. */
  | { kind: "update the scope"; projects: readonly Project[] | undefined }
  | { kind: "delete" }
  | { kind: "create"; settings: Settings }
  /** Somebody who writes DynamoDB opens the connection to everyone and every path, or puts back what was there. */
  | { kind: "edit by hand" | "undo the edit" }

/** A connection as its admin knows it. */
interface Facts {
  exists: boolean
  projects: readonly Project[] | undefined
  settings: Settings
  edited: boolean
}

export interface Question {
  documents: readonly Document[]
  project: Project | undefined
}

/** Of one document: two fields of it, which must be of one version, or the reason or code that it failed with. */
export type Answer = { fields: readonly [string, string]; source: Source } | { refused: string }

export interface Tenant {
  /** How the connection stands, once nothing is under way. */
  facts(): Facts
  /** Takes the answers, one for each document. @throws Error for one that must not be */
  beginQuestion(question: Question): (answers: readonly Answer[]) => void
  /** Takes the reason or code that the change was refused with, if it was. @throws Error where it should not have been */
  beginChange(change: Change): (refused: string | undefined) => void
  /** A new version: its text, or undefined for a secret that goes away. Until `written` both may be met. */
  beginRotation(document: Document, gone: boolean): { text: string | undefined; written(): void }
  /** Whether the secret manager fails from now on. */
  outage(on: boolean): void
  /** An answer of it was not there in `patienceMs`, which may be as if it had failed. */
  stalled(): void
}

const absent: Facts = {
  exists: false,
  projects: undefined,
  settings: { ttlSeconds: 0, staleSeconds: 0, allowance: "none" },
  edited: false,
}

/** What was known when a question was asked. */
interface Start {
  from: number
  /** What was acknowledged last when it began. */
  facts: number
  floor: Map<Document, number>
  written: Map<Document, number>
  /** Something else of the connection was fetched meanwhile. */
  crowded: boolean
}

interface Version {
  text: string | undefined
  /** When it stopped being the current one. */
  ended: number
}

/** Where a stale value stands by, a fetch has two seconds. */
export const patienceMs = 1_000
/** So long after an outage its failures may still be told: by a breaker, or by leases that say what came of a fetch. */
const aftermathMs = 10_000
/** A secret that is not there is not looked for again for 30 s, counted from the end of a fetch of 15 s at most. */
const missingMs = 45_000
const transient = new Set(["UNREACHABLE", "TIMEOUT", "THROTTLED", "SEALED", "PROVIDER_ERROR"])
/** What asks the secret manager, and fails where it does. */
const tested = new Set<Change["kind"]>(["test", "update the config", "create"])
/** What may be done only so often. */
const limited = new Set<Change["kind"]>([...tested, "call the webhook"])
/** What leaves the cache as it is. */
const keeping = new Set<Change["kind"]>(["update the scope", "edit by hand", "undo the edit"])

/** Whether a change makes sense where the connection stands like this. */
export function applies({ kind }: Change, { exists, edited }: Facts): boolean {
  if (kind === "create") return !exists
  if (kind === "undo the edit") return edited
  return exists && (!edited || kind === "delete" || kind === "clear" || kind === "clear the platform")
}

/** Without a connection, and without secrets. `name` stands in every value, so that nobody else's can pass for one. */
export function createTenant(name: string, clock: { now(): number }): Tenant {
  const history: Facts[] = [absent]
  /** The last that surely holds. Those after it may hold already. */
  let acknowledged = 0
  const versions = new Map<Document, Version[]>(documents.map((document) => [document, []]))
  /** Of each document, the first version that may be answered, and the last that was written. */
  const floor = new Map<Document, number>()
  const written = new Map<Document, number>()
  let down = false
  let calmFrom = Number.NEGATIVE_INFINITY
  const asking = new Set<Start>()

  return {
    facts: () => last(history),

    beginQuestion(question) {
      for (const other of asking) other.crowded = true
      const start: Start = {
        from: clock.now(),
        facts: acknowledged,
        floor: new Map(floor),
        written: new Map(written),
        crowded: asking.size > 0 || question.documents.length > 1,
      }
      asking.add(start)
      return (answers) => {
        asking.delete(start)
        if (clock.now() - start.from > patienceMs) stalled()
        const complaints = history
          .slice(start.facts)
          .map((facts) => complaintOf(facts, question, answers, start))
        if (!complaints.includes(undefined)) throw new Error(`${name}: ${complaints.at(-1)}.`)
      }
    },

    beginChange(change) {
      const before = last(history)
      const from = clock.now()
      const current = new Map(written)
      history.push(changed(before, change))
      return (refused) => {
        if (refused !== undefined) {
          const failing = tested.has(change.kind) && transient.has(refused) && troubledSince(from)
          if (!failing && !(limited.has(change.kind) && refused === "THROTTLED"))
            throw new Error(`${name} could not ${change.kind}: ${refused}.`)
          history.push(before)
        } else if (!keeping.has(change.kind))
          for (const [document, version] of current)
            floor.set(document, Math.max(version, floor.get(document) ?? 0))
        acknowledged = history.length - 1
      }
    },

    beginRotation(document, gone) {
      const all = versionsOf(document)
      const text = gone ? undefined : `${name} ${document} ${all.length}`
      const number = all.push({ text, ended: Number.POSITIVE_INFINITY }) - 1
      return {
        text,
        written() {
          const before = all[number - 1]
          if (before) before.ended = clock.now()
          written.set(document, number)
        },
      }
    },

    outage(on) {
      if (down) calmFrom = clock.now() + aftermathMs
      down = on
    },

    stalled,
  }

  function stalled(): void {
    calmFrom = clock.now() + aftermathMs
  }

  /** What is wrong with the answers to a question, if these facts were read for it. */
  function complaintOf(
    facts: Facts,
    { documents, project }: Question,
    answers: readonly Answer[],
    start: Start,
  ): string | undefined {
    for (const [i, document] of documents.entries()) {
      const answer = answers[i] ?? { refused: "without an answer" }
      const wrong = wrongWith(answer, document, project, facts, start)
      if (wrong !== undefined) return `${JSON.stringify(answer)} for ${document} ${wrong}`
    }
    return undefined
  }

  function wrongWith(
    answer: Answer,
    document: Document,
    project: Project | undefined,
    facts: Facts,
    start: Start,
  ): string | undefined {
    const refusal = refusalOf(facts, document, project)
    if (refusal !== undefined)
      return "refused" in answer && answer.refused === refusal ? undefined : `is no ${refusal}`

    const { ttlSeconds, staleSeconds } = facts.settings
    const first = Math.max(
      start.floor.get(document) ?? 0,
      ttlSeconds > 0 ? 0 : (start.written.get(document) ?? 0),
    )
    const all = versionsOf(document)
    if ("refused" in answer) {
      const { refused } = answer
      if (transient.has(refused)) return mayFail(start) ? undefined : "is a failure without a cause"
      const missing = ({ text, ended }: Version, number: number) =>
        text === undefined && number >= first && ended > start.from - missingMs
      if (refused === "NOT_FOUND" || refused === "DELETED")
        return all.some(missing) ? undefined : "is missing, but it is there"
      return "is refused without a cause"
    }

    const [user, password] = answer.fields
    const number = all.findIndex(({ text }) => text === user)
    if (number < 0) return "is no value of theirs"
    if (password !== user) return "is of two versions"
    if (number < first) return `is from before version ${first}, which was current at the last clear`
    const stale = answer.source === "stale"
    if (stale && staleSeconds === 0) return "is stale, which nobody has allowed"
    if (stale && !mayFail(start)) return "is stale, though nothing has failed"
    const ageMs = (stale ? ttlSeconds + staleSeconds : ttlSeconds) * 1000
    const { ended } = all[number] as Version
    if (ttlSeconds > 0 && ended <= start.from - ageMs) return "is older than it may be"
    return undefined
  }

  /** After an outage, however long ago, one attempt at a time is made until one succeeds. */
  function mayFail({ from, crowded }: Start): boolean {
    return troubledSince(from) || (crowded && calmFrom > Number.NEGATIVE_INFINITY)
  }

  function troubledSince(from: number): boolean {
    return down || calmFrom > from
  }

  function versionsOf(document: Document): Version[] {
    return versions.get(document) ?? []
  }
}

function refusalOf(
  { exists, projects, settings, edited }: Facts,
  document: Document,
  project: Project | undefined,
): string | undefined {
  if (!exists) return "ENTITY_NOT_FOUND"
  // It says that it is open to all: found by everyone, and used by nobody.
  if (edited) return "UNAVAILABLE"
  if (projects && !(project && projects.includes(project))) return "ENTITY_NOT_FOUND"
  return allowances[settings.allowance].covers(document, project) ? undefined : "PATH_NOT_ALLOWED"
}

function changed(facts: Facts, change: Change): Facts {
  switch (change.kind) {
    case "update the settings":
      return { ...facts, settings: change.settings }
    case "update the scope":
      return { ...facts, projects: change.projects }
    case "delete":
      return { ...facts, exists: false, edited: false }
    case "create":
      return { exists: true, projects: undefined, settings: change.settings, edited: false }
    case "edit by hand":
      return { ...facts, edited: true }
    case "undo the edit":
      return { ...facts, edited: false }
    default:
      return facts
  }
}

function last(history: readonly Facts[]): Facts {
  const facts = history.at(-1)
  if (!facts) throw new Error("There is always something known.")
  return facts
}
