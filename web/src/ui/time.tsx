const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" })
const exact = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium" })
const short = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" })

const units = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
] as const

/** `3 minutes ago`. Both in milliseconds since the epoch. */
export function timeAgo(then: number, now: number): string {
  const seconds = (then - now) / 1000
  for (const [unit, length] of units)
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit)
  return "just now"
}

/** To the second. `time` in milliseconds since the epoch, or as RFC 3339 has it. */
export const exactTime = (time: number | string) => exact.format(new Date(time))

/** To the minute. */
export const timeText = (time: number) => short.format(time)

/** From when to when, less what both have in common. */
export const spanText = ({ from, to }: { from: number; to: number }) => short.formatRange(from, to)

/** A moment in words; the exact one when pointed at. */
export function Time({ at, text }: { at: string; text?: (words: string) => string }) {
  const words = timeAgo(Date.parse(at), Date.now())
  return (
    <time dateTime={at} title={exactTime(at)}>
      {text ? text(words) : words}
    </time>
  )
}
