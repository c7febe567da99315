import type { Resolution, ResolvedReference } from "../contract/operations/resolve.ts"
import { toProblem } from "../contract/problems.ts"
import { LatchkeyError } from "../errors.ts"
import { type Place, rebuild } from "../references/template.ts"
import type { Evaluate, Evaluated, Evaluation } from "./evaluate.ts"
import type { Outcome } from "./outcome.ts"
import { refuseLargeResolution } from "./reply-size.ts"

export interface ResolveRequest extends Omit<Evaluation, "action"> {
  /** `fail`: the first failing reference fails the call. `report`: a string with a failing reference becomes null. */
  onError: "fail" | "report"
}

/**
 * Replaces the references in a value by live secrets.
 * @throws LatchkeyError of the first failing reference, with its `pointer`, where `onError` is `fail`; `PAYLOAD_TOO_LARGE`
 *   where the reply would be
 */
export function createResolve({ evaluate }: { evaluate: Evaluate }) {
  return async function resolve(request: ResolveRequest): Promise<Resolution> {
    const evaluated = await evaluate({ ...request, action: "secret.resolve" })
    const { places } = evaluated.found
    if (request.onError === "fail") throwFirstFailure(evaluated)
    const references: ResolvedReference[] = []
    for (const place of places)
      for (const part of place.parts) {
        if (typeof part === "string") continue
        const outcome = evaluated.outcomeOf(part)
        if (outcome) references.push(shown(place, part.connectionId, outcome, request))
      }
    refuseLargeResolution(evaluated, references, request.reply)
    return { value: rebuild(evaluated.found, (place) => textOf(place, evaluated)), references }
  }
}

/** The string with its values, or null where one of them is missing: never a part of it. */
function textOf({ parts }: Place, { outcomeOf }: Evaluated): string | null {
  let text = ""
  for (const part of parts) {
    if (typeof part === "string") {
      text += part
      continue
    }
    const outcome = outcomeOf(part)
    if (!outcome?.ok) return null
    text += outcome.text
  }
  return text
}

function throwFirstFailure({ found, outcomeOf }: Evaluated): void {
  for (const place of found.places)
    for (const part of place.parts) {
      const outcome = outcomeOf(part)
      if (outcome?.ok === false) throw at(place, outcome.error)
    }
}

/** The error of a reference, with where the reference stands. */
export function at({ pointer }: Place, error: LatchkeyError): LatchkeyError {
  return new LatchkeyError(error.code, error.message, { ...error.fields, pointer }, { cause: error.cause })
}

function shown(
  place: Place,
  connectionId: string | undefined,
  outcome: Outcome,
  { requestId }: ResolveRequest,
): ResolvedReference {
  const where = { pointer: place.pointer, ...(connectionId !== undefined && { connectionId }) }
  if (!outcome.ok) return { ...where, error: toProblem(at(place, outcome.error), requestId) }
  const { source, version } = outcome
  return { ...where, source, ...(version !== undefined && { version }) }
}
