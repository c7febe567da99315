import type { Caller } from "../audit/caller.ts"
import { kindsOf } from "../auth/principal.ts"
import type { ConnectionStore } from "../connections/store.ts"
import type { Validation } from "../contract/operations/validate.ts"
import { toProblem } from "../contract/problems.ts"
import { LatchkeyError } from "../errors.ts"
import type { Json } from "../json.ts"
import { limits } from "../limits.ts"
import type { Evaluate } from "./evaluate.ts"
import { refuseLargeReply } from "./reply-size.ts"
import { at } from "./resolve.ts"

export interface ValidateInput {
  value: Json
  projectId?: string
  at?: readonly string[]
}

/** As Lambda returns it, like a resolve's. */
const reply = { bytes: limits.resolveReply, enveloped: true }

/**
 * Tells which references in a value would resolve, through the cache, and never a value.
 * @throws LatchkeyError `PAYLOAD_TOO_LARGE` where the reply would be
 */
export function createValidate({ evaluate, store }: { evaluate: Evaluate; store: ConnectionStore }) {
  return async function validate(caller: Caller, input: ValidateInput): Promise<Validation> {
    const { principal, requestId } = caller
    const { found, outcomeOf } = await evaluate({ ...caller, ...input, reply, action: "secret.validate" })
    const references = found.places.flatMap((place) =>
      place.parts.flatMap((part): Validation["references"] => {
        const outcome = outcomeOf(part)
        if (typeof part === "string" || !outcome) return []
        const where = {
          pointer: place.pointer,
          ...(part.connectionId !== undefined && { connectionId: part.connectionId }),
          ...(part.kind === "reference" && { path: part.rawPath }),
        }
        if (outcome.ok) return [{ ...where, status: "ok" }]
        return [{ ...where, status: "failed", error: toProblem(at(place, outcome.error), requestId) }]
      }),
    )
    const validation = kindsOf(principal).includes("admin")
      ? await explain(caller, references, input.projectId)
      : { references }
    refuseLargeReply(validation, reply)
    return validation
  }

  /** An admin may know whether a connection is missing or only closed to the named project. */
  async function explain(
    { principal: { platformId }, requestId, signal }: Caller,
    references: Validation["references"],
    projectId: string | undefined,
  ): Promise<Validation> {
    const hidden = references.filter(({ error }) => error?.code === "ENTITY_NOT_FOUND")
    if (hidden.length === 0) return { references }
    const ids = [...new Set(hidden.flatMap(({ connectionId }) => connectionId ?? []))]
    const { connections } = await store.read(platformId, ids, signal)
    return {
      references: references.map((reference) => {
        const { connectionId, pointer, error } = reference
        if (error?.code !== "ENTITY_NOT_FOUND" || connectionId === undefined) return reference
        const message = connections.has(connectionId)
          ? projectId === undefined
            ? "The connection is open to some projects only, and this request names none. Name one in `projectId`."
            : "The connection exists but is not open to the project that this request names. Add the project to it."
          : "There is no connection of this id on the platform. It may have been deleted."
        const told = new LatchkeyError("ENTITY_NOT_FOUND", message, { connectionId, pointer })
        return { ...reference, error: toProblem(told, requestId) }
      }),
    }
  }
}
