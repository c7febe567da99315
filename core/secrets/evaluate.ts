import type { RequestAudit } from "../audit/audit.ts"
import { assertProject } from "../auth/access.ts"
import type { Clock } from "../clock.ts"
import { withDeadline } from "../deadline.ts"
import { LatchkeyError } from "../errors.ts"
import type { Json } from "../json.ts"
import { limits } from "../limits.ts"
import type { Part, Reference } from "../references/reference.ts"
import { type Found, findReferences, type Place } from "../references/template.ts"
import { settled } from "../settle.ts"
import type { Usage, Use } from "../usage/usage.ts"
import type { Gather } from "./gather.ts"
import type { Decision, DocumentState, Lookup, Wanted } from "./lookup.ts"
import { malformedOutcome, type Outcome, outcomeOf } from "./outcome.ts"
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

export interface Evaluated {
  found: Found
  /** The outcome of every part of every place that is not plain text. */
  outcomeOf(part: Part): Outcome | undefined
}

export interface EvaluateDeps {
  lookup: Lookup
  gather: Gather
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
export function createEvaluate({ lookup, gather, usage, clock, workMs, resolveMs }: EvaluateDeps) {
  return async function evaluate(request: Evaluation): Promise<Evaluated> {
    const { principal, projectId, value, at } = request
    assertProject(principal, projectId)
    const found = findReferences(value, at)
    refuseLongPointers(found.places, request.reply)
    const { references, malformed } = distinct(found.places)
    const known = new Map<Part, Outcome>(malformed)
    if (references.length > 0 || malformed.size > 0) {
      const wanted = references.map(({ wanted }) => wanted)
      refuseTooManyConnections(wanted)
      const outcomes = await obtain(request, { found, wanted, malformed: malformed.size })
      for (const [index, { parts }] of references.entries()) {
        const outcome = outcomes[index]
        if (outcome) for (const part of parts) known.set(part, outcome)
      }
    }
    return { found, outcomeOf: (part) => known.get(part) }
  }

  /** The outcome of each of `wanted`, in their order. The one place where it is audited who asked, and what came of it. */
  async function obtain(
    request: Evaluation,
    { found, wanted, malformed }: { found: Found; wanted: readonly Wanted[]; malformed: number },
  ): Promise<Outcome[]> {
    const { principal, projectId, audit } = request
    const started = clock.now()
    // These end by themselves, long before the request's time is over: no signal, which would cost as much as ten references.
    const [decisions] = await settled([
      lookup.decide({ platformId: principal.platformId, projectId, wanted }),
      audit.record(requestEvents(request, found.places)),
    ])
    const missing = missingOf(decisions)
    if (missing.length === 0) return conclude()
    const took = clock.now() - started
    return withDeadline(clock, resolveMs - took, request.signal, async (signal) => {
      const { over } = await gather(missing, { signal, timeoutMs: workMs - took })
      return conclude(signal, over)
    })

    async function conclude(signal?: AbortSignal, over?: Promise<unknown>): Promise<Outcome[]> {
      const outcomes = decisions.map(outcomeOf)
      await settled([
        audit.record(outcomeEvents(request, wanted, outcomes, malformed), signal),
        usage.seen(usesOf(request, wanted, outcomes), signal),
        over,
      ])
      return outcomes
    }
  }
}

export type Evaluate = ReturnType<typeof createEvaluate>

/** References to the same are one, however often they occur; a malformed one has its outcome already. */
function distinct(places: readonly Place[]) {
  const references = new Map<string, { wanted: Wanted; parts: Reference[] }>()
  const malformed = new Map<Part, Outcome>()
  for (const { parts } of places)
    for (const part of parts) {
      if (typeof part === "string") continue
      if (part.kind === "malformed") {
        malformed.set(part, malformedOutcome(part))
        continue
      }
      const key = keyOf(part)
      const known = references.get(key)
      if (known) known.parts.push(part)
      else references.set(key, { wanted: part, parts: [part] })
    }
  return { references: [...references.values()], malformed }
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

/** The documents that no cache has, each once. */
function missingOf(decisions: readonly Decision[]): DocumentState[] {
  const missing = new Set<DocumentState>()
  for (const decision of decisions)
    if (decision.ok && decision.state.answer === undefined) missing.add(decision.state)
  return [...missing]
}

/** What a deletion would break: validating a reference does not depend on it. */
function usesOf(
  { action, principal: { platformId }, projectId }: Evaluation,
  wanted: readonly Wanted[],
  outcomes: readonly Outcome[],
): Use[] {
  if (action !== "secret.resolve") return []
  return outcomes.flatMap((outcome, index) => {
    const connectionId = wanted[index]?.connectionId
    if (!outcome.ok || connectionId === undefined) return []
    return [{ platformId, connectionId, path: outcome.path, ...(projectId !== undefined && { projectId }) }]
  })
}
