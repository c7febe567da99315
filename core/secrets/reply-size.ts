import { LatchkeyError } from "../errors.ts"
import type { Json } from "../json.ts"
import type { Evaluated } from "./evaluate.ts"

/** How large a reply may be, and how often its text is escaped on the way: as JSON, and by REST once more inside Lambda's envelope. */
export interface ReplyBound {
  bytes: number
  enveloped: boolean
}

/** What one UTF-16 code unit can take at most, escaped twice: `\u0000` as `\\u0000`. */
const mostPerUnit = 7

/**
 * Refuses a reply that would be too large before it is built: one small document, referenced often, makes a large one.
 * @throws LatchkeyError `PAYLOAD_TOO_LARGE`
 */
export function refuseLargeReply(
  evaluated: Evaluated,
  value: Json,
  references: Json | object,
  { bytes, enveloped }: ReplyBound,
): void {
  const units = unitsOf(evaluated)
  const fixed = JSON.stringify(value).length + JSON.stringify(references).length
  if ((units + fixed) * mostPerUnit <= bytes) return
  const size =
    sizeOf(JSON.stringify(value), enveloped) +
    sizeOf(JSON.stringify(references), enveloped) +
    textSize(evaluated, enveloped)
  if (size > bytes)
    throw new LatchkeyError(
      "PAYLOAD_TOO_LARGE",
      `The reply would be larger than ${Math.floor(bytes / 1_048_576)} MiB. Resolve the value in parts.`,
    )
}

function unitsOf({ found, outcomeOf }: Evaluated): number {
  let units = 0
  for (const { parts } of found.places)
    for (const part of parts) {
      const outcome = outcomeOf(part)
      if (outcome?.ok) units += outcome.text.length
    }
  return units
}

/** The size of all values that go in, each counted as often as it does. */
function textSize({ found, outcomeOf }: Evaluated, enveloped: boolean): number {
  const sizes = new Map<string, number>()
  let total = 0
  for (const { parts } of found.places)
    for (const part of parts) {
      const outcome = outcomeOf(part)
      if (!outcome?.ok) continue
      const size = sizes.get(outcome.text) ?? sizeOf(JSON.stringify(outcome.text), enveloped)
      sizes.set(outcome.text, size)
      total += size
    }
  return total
}

/** Bytes of a JSON text, as it is or as a string inside another. */
function sizeOf(json: string, enveloped: boolean): number {
  return Buffer.byteLength(enveloped ? JSON.stringify(json) : json)
}
