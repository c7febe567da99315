const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" })
const absolute = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium" })

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

export const fullTime = (timestamp: string) => absolute.format(new Date(timestamp))

/** A moment in words; the exact one when pointed at. */
export function Time({ at, text }: { at: string; text?: (words: string) => string }) {
  const words = timeAgo(Date.parse(at), Date.now())
  return (
    <time dateTime={at} title={fullTime(at)}>
      {text ? text(words) : words}
    </time>
  )
}
