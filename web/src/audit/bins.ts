import { type AuditRequest, type Outcome, outcomes } from "./requests.ts"
import type { Span } from "./span.ts"

/** Requests of a piece of time, counted by outcome. */
export interface Bin extends Span {
  counts: Readonly<Record<Outcome, number>>
  total: number
}

const minute = 60_000
const day = 24 * 60 * minute

/** What people count time in, the shortest first. */
const lengths = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720]
  .map((minutes) => minutes * minute)
  .concat([1, 2, 7, 14, 28, 56, 112, 364].map((days) => days * day))

/**
 * At most `max` bins over the whole span, and a little beyond it: they begin where the clock of this browser's time zone
 * shows a round time, days at midnight.
 */
export function binsOf(
  requests: readonly Pick<AuditRequest, "at" | "outcome">[],
  span: Span,
  max: number,
): Bin[] {
  const edges = lengths
    .map((length) => edgesOf(span, length, max))
    .find((found) => found.length - 1 <= max) ?? [span.from, span.to]
  const bins = edges.slice(1).map((to, index) => ({
    from: edges[index] ?? span.from,
    to,
    counts: noCounts(),
    total: 0,
  }))
  for (const { at, outcome } of requests) {
    const bin = bins[indexAt(edges, at)]
    if (!bin) continue
    bin.counts[outcome]++
    bin.total++
  }
  return bins
}

export function countsOf(requests: readonly Pick<AuditRequest, "outcome">[]): Record<Outcome, number> {
  const counts = noCounts()
  for (const { outcome } of requests) counts[outcome]++
  return counts
}

const noCounts = () => Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Record<Outcome, number>

/** One more than the bins there are; no more than are needed to see that there would be too many. */
function edgesOf({ from, to }: Span, length: number, max: number): number[] {
  const edges = [beginning(from, length)]
  for (let edge = edges[0] ?? from; edge < to && edges.length <= max + 1; ) {
    edge = next(edge, length)
    edges.push(edge)
  }
  return edges
}

function beginning(time: number, length: number): number {
  const date = new Date(time)
  if (length >= day) return date.setHours(0, 0, 0, 0)
  const offset = date.getTimezoneOffset() * minute
  return Math.floor((time - offset) / length) * length + offset
}

/** Days have 23 to 25 hours. */
function next(edge: number, length: number): number {
  if (length < day) return edge + length
  const date = new Date(edge)
  return date.setDate(date.getDate() + length / day)
}

/** Which bin a time falls into, by halving. */
function indexAt(edges: readonly number[], time: number): number {
  let [low, high] = [0, edges.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((edges[middle] ?? 0) <= time) low = middle + 1
    else high = middle
  }
  return low - 1
}
