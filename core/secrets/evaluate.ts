import type { RequestAudit } from "../audit/audit.ts"
import type { AuditOutcome } from "../audit/event.ts"
import { assertProject } from "../auth/access.ts"
import type { Clock } from "../clock.ts"
import { LatchkeyError, ProviderError } from "../errors.ts"
import type { Json } from "../json.ts"
import { limits } from "../limits.ts"
import type { Malformed, Part, Reference } from "../references/reference.ts"
import { type Found as FoundReferences, findReferences, type Place } from "../references/template.ts"
import { settled, untilAborted } from "../settle.ts"
import type { Usage, Use } from "../usage/usage.ts"
import type { Acquirer, Errand, Found, Source } from "./acquire.ts"
import { timedOut } from "./ask-provider.ts"
import { type Decision, type DocumentState, failed, type Lookup, type Wanted } from "./lookup.ts"
import { type ReplyBound, refuseLongPointers } from "./reply-size.ts"
import { type AuditedRequest, outcomeEvents, requestEvents } from "./resolve-audit.ts"

/** Whose references are looked at, and how. */
export interface Evaluation extends AuditedRequest {
  audit: RequestAudit
  value: Json
  /** JSON pointers: references are read only at or below them. */
  at?: readonly string[]
  reply: ReplyBound
  signal: AbortSignal
}

/** How long what was told to stop may take to, in milliseconds: a time-out of Redis, and some. */
const graceMs = 500

/** What one reference gave: its value, or why there is none. */
export type Outcome =
  | { ok: true; text: string; source: Source; version?: string; path: string }
  | { ok: false; error: LatchkeyError; path?: string }

export interface Evaluated {
  found: FoundReferences
  /** The outcome of every part of every place that is not plain text. */
  outcomeOf(part: Part): Outcome | undefined
}

export interface EvaluateDeps {
  lookup: Lookup
  acquirer: Acquirer
  usage: Usage
  clock: Clock
  /** Bounds in milliseconds: on reading and fetching, and on the whole, of which the rest is for our own writes. */
  workMs: number
  resolveMs: number
}

/**
 * Finds the references in a value and gets each of them, from memory, Redis or the secret manager. When it returns,
 * everything it had to write is written: the records of the request and of what became of it, the cache, the usage.
 * @throws LatchkeyError `AUTHORIZATION` for a project that is not the caller's, and where the request as a whole cannot be answered; failures of single references are outcomes
 */
export function createEvaluate({ lookup, acquirer, usage, clock, workMs, resolveMs }: EvaluateDeps) {
  return async function evaluate(request: Evaluation): Promise<Evaluated> {
    const { principal, projectId, audit, value, at } = request
    const { platformId } = principal
    assertProject(principal, projectId)
    const found = findReferences(value, at)
    refuseLongPointers(found.places, request.reply)
    const { references, malformed } = distinct(found.places)
    const outcomes = new Map<Part, Outcome>(malformed)
    const outcomeOf = (part: Part) => outcomes.get(part)
    if (references.size === 0 && malformed.size === 0) return { found, outcomeOf }

    const wanted = [...references.values()].map(({ wanted }) => wanted)
    refuseTooManyConnections(wanted)
    const failing = new AbortController()
    const whole = AbortSignal.any([request.signal, clock.timeout(resolveMs)])
    const signal = AbortSignal.any([whole, clock.timeout(workMs), failing.signal])
    const errand: Errand = { signal, begun: [] }
    try {
      const [decisions] = await settled([
        lookup.decide({ platformId, projectId, wanted, signal }),
        audit.record(requestEvents(request, found.places), signal),
      ])
      const { documents, written } = await getDocuments([...decisions.values()], errand)

      const results = new Map([...decisions].map(([one, decision]) => [one, outcomeFor(decision, documents)]))
      for (const { wanted, parts } of references.values()) {
        const outcome = results.get(wanted)
        if (outcome) for (const part of parts) outcomes.set(part, outcome)
      }
      const told = [...results].map(([one, outcome]) => toAudit(one, outcome))
      const after = audit.record(outcomeEvents(request, told, malformed.size), whole)
      await settled([after, written, usage.seen(usesOf(request, results), whole), ended(errand)])
    } catch (error) {
      // What is still being fetched is of no use any more.
      failing.abort(error)
      await ended(errand)
      throw error
    }
    return { found, outcomeOf }
  }

  /** Nothing runs on after the reply, which waits for what was told to stop; but only so long, should that not listen. */
  async function ended({ begun }: Errand): Promise<void> {
    if (begun.length > 0) await untilAborted(Promise.all(begun), clock.timeout(graceMs)).catch(() => {})
  }

  /** Every document that was decided on: what the caches had, and the rest from their secret managers, all at once. */
  async function getDocuments(decisions: readonly Decision[], errand: Errand) {
    const states = new Set(decisions.flatMap((decision) => (decision.ok ? [decision.state] : [])))
    const missing = Map.groupBy(
      [...states].filter(({ entry }) => entry === undefined),
      ({ use }) => use,
    )
    const documents = new Map<DocumentState, Found | LatchkeyError>()
    const writes: Promise<unknown>[] = []
    await Promise.all(
      [...missing].map(async ([use, misses]) => {
        const fetched = await fetchMissing(use, misses, errand)
        for (const state of misses) {
          const gotten = fetched instanceof LatchkeyError ? fetched : fetched.found.get(state.document)
          documents.set(state, gotten ?? unanswered(state))
        }
        if (!(fetched instanceof LatchkeyError)) writes.push(fetched.written)
      }),
    )
    for (const state of states) if (state.entry) documents.set(state, fromCache(state, state.entry))
    return { documents, written: Promise.all(writes) }
  }

  async function fetchMissing(
    use: DocumentState["use"],
    misses: readonly DocumentState[],
    errand: Errand,
  ): Promise<{ found: Map<string, Found>; written: Promise<unknown> } | LatchkeyError> {
    const cacheable = misses.filter(({ uncached }) => !uncached)
    const codes = misses.filter(({ uncached }) => uncached).map(({ document }) => document)
    try {
      const parts = await Promise.all([
        cacheable.length > 0 ? acquirer.acquire(use, cacheable, errand) : undefined,
        codes.length > 0 ? acquirer.acquireUncached(use, codes, errand) : undefined,
      ])
      const present = parts.filter((part) => part !== undefined)
      return {
        found: new Map(present.flatMap(({ found }) => [...found])),
        written: Promise.all(present.map(({ written }) => written)),
      }
    } catch (error) {
      // An unusable record fails its own references; keys or storage out of reach fail the request.
      if (error instanceof LatchkeyError && error.fields.connectionId !== undefined) return error
      if (error instanceof LatchkeyError) throw error
      if (errand.signal.aborted) return failed(timedOut(), use.record)
      throw error
    }
  }
}

export type Evaluate = ReturnType<typeof createEvaluate>

/** Equal references are one, however often they occur; a malformed one has its outcome already. */
function distinct(places: readonly Place[]) {
  const references = new Map<string, { wanted: Wanted; parts: Reference[] }>()
  const malformed = new Map<Part, Outcome>()
  for (const { parts } of places)
    for (const part of parts) {
      if (typeof part === "string") continue
      if (part.kind === "malformed") {
        malformed.set(part, { ok: false, error: invalidReference(part) })
        continue
      }
      const key = keyOf(part)
      const known = references.get(key)
      if (known) known.parts.push(part)
      else references.set(key, { wanted: part, parts: [part] })
    }
  return { references, malformed }
}

/** Unambiguous, since no connection's id has a slash in it or begins as a JSON array does. */
function keyOf({ connectionId, path, options }: Reference): string {
  if (Object.keys(options).length === 0) return `${connectionId}/${path}`
  return JSON.stringify([connectionId, path, options])
}

function refuseTooManyConnections(wanted: readonly Wanted[]): void {
  const connections = new Set(wanted.map(({ connectionId }) => connectionId))
  if (connections.size > limits.connectionsPerResolve)
    throw new LatchkeyError(
      "TOO_MANY_REFERENCES",
      `The value names ${connections.size} connections; one request may name ${limits.connectionsPerResolve}. Resolve it in parts.`,
    )
}

function fromCache({ source = "memory" }: DocumentState, entry: NonNullable<DocumentState["entry"]>): Found {
  if (entry.kind === "negative") return { ok: false, error: entry.error, source }
  return {
    ok: true,
    content: entry.content,
    ...(entry.version !== undefined && { version: entry.version }),
    source,
  }
}

function outcomeFor(
  decision: Decision,
  documents: ReadonlyMap<DocumentState, Found | LatchkeyError>,
): Outcome {
  if (!decision.ok) return decision
  const { ref, state } = decision
  const { path } = ref
  const gotten = documents.get(state) ?? unanswered(state)
  if (gotten instanceof LatchkeyError) return { ok: false, error: gotten, path }
  if (!gotten.ok) return { ok: false, error: failed(gotten.error, state.use.record), path }
  const { content, version, source } = gotten
  try {
    const text = ref.select(content.reveal())
    return { ok: true, text, source, path, ...(version !== undefined && { version }) }
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    return { ok: false, error: failed(error, state.use.record), path }
  }
}

function toAudit(
  { connectionId, rawPath }: Wanted,
  outcome: Outcome,
): AuditOutcome & { connectionId: string } {
  const at = { connectionId, path: rawPath }
  if (outcome.ok) {
    const { source, version } = outcome
    return source === "provider" || source === "stale"
      ? { ...at, source, ...(version !== undefined && { version }) }
      : at
  }
  const { code, fields } = outcome.error
  return { ...at, code, ...(fields.reason && { reason: fields.reason }) }
}

/** What a deletion would break: validating a reference does not depend on it. */
function usesOf(
  { action, principal: { platformId }, projectId }: Evaluation,
  results: ReadonlyMap<Wanted, Outcome>,
): Use[] {
  if (action !== "secret.resolve") return []
  return [...results].flatMap(([{ connectionId }, outcome]) =>
    outcome.ok
      ? [{ platformId, connectionId, path: outcome.path, ...(projectId !== undefined && { projectId }) }]
      : [],
  )
}

function invalidReference({ message, connectionId }: Malformed): LatchkeyError {
  return new LatchkeyError("SECRET_MANAGER_GET_SECRET_FAILED", message, {
    reason: "INVALID_PATH",
    ...(connectionId !== undefined && { connectionId }),
  })
}

function unanswered({ use }: DocumentState): LatchkeyError {
  return failed(
    new ProviderError("PROVIDER_ERROR", "The secret manager gave no answer for this path."),
    use.record,
  )
}
