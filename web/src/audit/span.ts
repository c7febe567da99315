/** From and to, in milliseconds since the epoch: inclusive and exclusive. */
export interface Span {
  from: number
  to: number
}

const hour = 3_600_000

/** Spans that end now. */
export const presets = { hour, day: 24 * hour, week: 7 * 24 * hour, month: 30 * 24 * hour } as const
export type Preset = keyof typeof presets

/** Which time is looked at. */
export type Range = { preset: Preset } | Span

export const spanOf = (range: Range, now: number): Span =>
  "preset" in range ? { from: now - presets[range.preset], to: now } : range

/** As a `datetime-local` input has it, in this browser's time zone, to the minute. */
export function printLocal(time: number): string {
  const date = new Date(time)
  const two = (part: number) => String(part).padStart(2, "0")
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`
}

/** What two `datetime-local` inputs say; undefined where that is no span of time. */
export function readLocal(from: string, to: string): Span | undefined {
  const span = { from: new Date(from).getTime(), to: new Date(to).getTime() }
  return span.from < span.to ? span : undefined
}
