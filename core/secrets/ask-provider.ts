import type { Clock } from "../clock.ts"
import { bindingOf } from "../connections/cache-epoch.ts"
import { entryName } from "../connections/entry-names.ts"
import { failureOf } from "../connections/failures.ts"
import type { Opener } from "../connections/open.ts"
import { type KnownError, openError, sealError } from "../connections/sealed-error.ts"
import type { SessionBook } from "../connections/sessions.ts"
import type { ConnectionUse } from "../connections/use.ts"
import { LatchkeyError, type ProviderError, transientReasons } from "../errors.ts"
import type { Metrics } from "../metrics.ts"
import type { FetchResult } from "../providers/provider.ts"
import type { RedisCommand } from "../redis/redis.ts"
import { type Breaker, openForMs } from "./breaker.ts"
import type { MemoryTier } from "./memory.ts"

export interface AskDeps {
  memory: MemoryTier
  sessions: SessionBook
  breaker: Breaker
  opener: Opener
  clock: Clock
  metrics: Metrics
}

export interface Question {
  documents: readonly string[]
  /** Whether anything of this connection may be shared through Redis. */
  shared: boolean
  /** Tries of each request; absent: as many as usual. */
  attempts?: number
  beforeRequest?: () => Promise<void>
  /** Ends the question, by its time or because nobody waits any more. */
  signal: AbortSignal
  /** Aborts only when nobody waits any more. */
  left: AbortSignal
}

export interface Answer {
  /** One for each document. */
  results: Map<string, FetchResult>
  /** What Redis is to learn about the connection itself, so that other instances need not find out. */
  lessons: RedisCommand[]
}

/** A refused login is an answer about the connection: for so long nobody tries it again. */
const refusedMs = 10_000

/** What may speak against asking at all, as Redis knows it: the breaker, and a refused login. */
export const warningNames = (use: ConnectionUse): string[] => [
  nameOf(use, "breaker"),
  nameOf(use, "connection"),
]

/** Takes in what Redis answered for `warningNames`. */
export function heed(
  { breaker, memory, clock }: Pick<AskDeps, "breaker" | "memory" | "clock">,
  use: ConnectionUse,
  [opened, refused]: readonly (Buffer | undefined)[],
): void {
  const binding = bindingOf(use.epoch, "")
  const open = opened && openError(use.keys, "breaker", binding, opened)
  if (open && open.freshUntil > clock.now()) breaker.adopt(use.key, open.error, open.freshUntil)
  const refusal = refused && openError(use.keys, "negative", binding, refused)
  if (refusal) memory.put(use.epoch, "", { kind: "negative", ...refusal })
}

/** What speaks against asking at all: a login refused just now, or an open breaker; with until when. */
export function warningOf(
  { breaker, memory }: Pick<AskDeps, "breaker" | "memory">,
  use: ConnectionUse,
): KnownError | undefined {
  const refused = memory.get(use.epoch, "")
  return refused?.kind === "negative" ? refused : breaker.open(use.key)
}

/**
 * Asks the secret manager for documents, and learns from what it answers. Failures of the secret manager are results. Only
 * to be called where `warningOf` knows of nothing, with nothing awaited between.
 * @throws the signal's reason where nobody waits any more; LatchkeyError where the connection could not be opened
 */
export async function askProvider(deps: AskDeps, use: ConnectionUse, question: Question): Promise<Answer> {
  const { memory, sessions, breaker, opener, clock, metrics } = deps
  const { documents, shared, attempts, beforeRequest, signal, left } = question
  const lessons: RedisCommand[] = []
  const tries = breaker.begin(use.key) ? 1 : attempts
  const from = clock.now()
  try {
    const options = {
      sessions: sessions.of(use, { shared }),
      ...(tries !== undefined && { attempts: tries }),
      ...(beforeRequest && { beforeRequest }),
    }
    const client = await opener.saved(use.record, options, signal)
    const results = await client.fetch(documents, signal)
    learn([...results.values()])
    measure("ok")
    return { results, lessons }
  } catch (error) {
    const failure = failureFor(error)
    measure(failure?.reason ?? "aborted")
    if (failure === undefined) {
      breaker.abandoned(use.key)
      throw error
    }
    learn([{ ok: false, error: failure }])
    return { results: failAll(failure), lessons }
  }

  function failAll(error: ProviderError): Map<string, FetchResult> {
    return new Map(documents.map((document) => [document, { ok: false, error }]))
  }

  function learn(results: readonly FetchResult[]): void {
    const failures = results.flatMap((result) => (result.ok ? [] : [result.error]))
    const refusal = failures.find(({ reason }) => reason === "BAD_CREDENTIALS")
    if (refusal) {
      const known = { error: refusal, freshUntil: clock.now() + refusedMs }
      memory.put(use.epoch, "", { kind: "negative", ...known })
      if (shared) lessons.push(lesson("connection", "negative", known))
    }
    const failure = failures.find(tellsOfAll)
    // Whatever else it answered, it answers.
    const answers = failures.length < results.length || !failures.every(tellsOfAll)
    if (failure === undefined || answers) breaker.succeeded(use.key)
    else if (breaker.failed(use.key, failure)) {
      metrics.count("BreakerOpened", 1, { provider: use.record.providerId })
      if (shared)
        lessons.push(lesson("breaker", "breaker", { error: failure, freshUntil: clock.now() + openForMs }))
    }
  }

  function lesson(
    name: "breaker" | "connection",
    kind: "breaker" | "negative",
    known: KnownError,
  ): RedisCommand {
    const sealed = sealError(use.keys, kind, bindingOf(use.epoch, ""), known, clock.now())
    return ["SET", nameOf(use, name), sealed, known.freshUntil - clock.now()]
  }

  /** Undefined where it is none of the secret manager's. */
  function failureFor(error: unknown): ProviderError | undefined {
    return left.aborted || error instanceof LatchkeyError ? undefined : failureOf(error, signal)
  }

  function measure(outcome: string): void {
    const provider = use.record.providerId
    metrics.count("ProviderFetch", 1, { provider, outcome })
    metrics.time("ProviderLatency", clock.now() - from, { provider, outcome })
  }
}

/** Failures that say that the secret manager cannot be used at the moment, whatever the document. */
export const tellsOfAll = ({ reason }: ProviderError): boolean =>
  transientReasons.has(reason) || reason === "TLS" || reason === "BLOCKED_ADDRESS"

const nameOf = ({ keys, epoch }: ConnectionUse, kind: "breaker" | "connection") =>
  entryName(keys, kind, epoch.platformId, epoch.connectionId)
