import * as z from "zod/mini"
import { once } from "../once.ts"
import { actor, platformId } from "./fields.ts"
import { fields, type Resolution } from "./operations/resolve.ts"
import type { Problem } from "./shapes/problem.ts"

/**
 * What another function of the account sends to `resolve-direct`, at most `limits.directBody` bytes of JSON. No route:
 * who may invoke it, and for which platforms, is settled by permissions on its aliases.
 */
export const directPayload = once(() =>
  z.strictObject({ platformId: platformId(), ...fields(), actor: z.exactOptional(actor()) }),
)

export type DirectPayloadInput = z.input<ReturnType<typeof directPayload>>

/** Problems travel as data; an invocation error is left for crashes. */
export type DirectReply = ({ ok: true } & Resolution) | { ok: false; error: Problem }
