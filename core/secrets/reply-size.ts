import { LatchkeyError } from "../errors.ts"
import type { Json } from "../json.ts"
import type { Part } from "../references/reference.ts"
import { type Found, type Place, rebuild } from "../references/template.ts"
import type { Outcome } from "./outcome.ts"

/** How large a reply may be, and how often its text is escaped on the way: as JSON, and by REST once more inside Lambda's envelope. */
export interface ReplyBound {
  bytes: number
  enveloped: boolean
}

/** What one UTF-16 code unit can take at most, escaped twice: `\u0000` as `\\u0000`. */
const mostPerUnit = 7

/**
 * Refuses a value whose references stand under such long keys that naming their places would alone be too large: each
 * reference has its pointer in the reply, so one huge key could come back 500 times. Asked before anything is read.
 * @throws LatchkeyError `PAYLOAD_TOO_LARGE`
 */
export function refuseLongPointers(places: readonly Place[], { bytes }: ReplyBound): void {
  let units = 0
  for (const { pointer, parts } of places)
    units += pointer.length * parts.filter((part) => typeof part !== "string").length
  if (units > bytes) throw tooLarge(bytes)
}

/**
 * Refuses a resolution that would be too large before its value is built: one small document, referenced often, makes a
 * large one.
 * @throws LatchkeyError `PAYLOAD_TOO_LARGE`
 */
export function refuseLargeResolution(
  { found, outcomeOf }: { found: Found; outcomeOf(part: Part): Outcome | undefined },
  references: readonly object[],
  bound: ReplyBound,
): void {
  const unitsOf = (text: string) => text.length
  const most =
    JSON.stringify({ value: found.value, references }).length + sumOfTexts(found.places, outcomeOf, unitsOf)
  if (most * mostPerUnit <= bound.bytes) return

  const emptied = rebuild(found, ({ parts }) => (isWhole(parts, outcomeOf) ? "" : null))
  const sizes = new Map<string, number>()
  const sizeWithin = (text: string) => {
    const size = sizes.get(text) ?? sizeOf(text, bound) - sizeOf("", bound)
    sizes.set(text, size)
    return size
  }
  const whole = found.places.filter(({ parts }) => isWhole(parts, outcomeOf))
  const texts = sumOfTexts(whole, outcomeOf, sizeWithin)
  if (sizeOf({ value: emptied, references }, bound) + texts > bound.bytes) throw tooLarge(bound.bytes)
}

/** @throws LatchkeyError `PAYLOAD_TOO_LARGE` */
export function refuseLargeReply(reply: object, bound: ReplyBound): void {
  if (sizeOf(reply, bound) > bound.bytes) throw tooLarge(bound.bytes)
}

/** Of all texts that go in, literal ones and values, each as often as it does. */
function sumOfTexts(
  places: readonly Place[],
  outcomeOf: (part: Part) => Outcome | undefined,
  measure: (text: string) => number,
): number {
  let sum = 0
  for (const { parts } of places)
    for (const part of parts) {
      if (typeof part === "string") {
        sum += measure(part)
        continue
      }
      const outcome = outcomeOf(part)
      if (outcome?.ok) sum += measure(outcome.text)
    }
  return sum
}

function isWhole(parts: readonly Part[], outcomeOf: (part: Part) => Outcome | undefined): boolean {
  return parts.every((part) => typeof part === "string" || outcomeOf(part)?.ok)
}

/** Bytes of a value as JSON, by itself or as a string inside another. */
function sizeOf(value: Json | object, { enveloped }: ReplyBound): number {
  const json = JSON.stringify(value)
  return Buffer.byteLength(enveloped ? JSON.stringify(json) : json)
}

function tooLarge(bytes: number): LatchkeyError {
  return new LatchkeyError(
    "PAYLOAD_TOO_LARGE",
    `The reply would be larger than ${Math.floor(bytes / 1_048_576)} MiB. Resolve the value in parts.`,
  )
}
