/**
 * Where `search` first stands unescaped at or after `from`, else -1. The first backslash of a run is never escaped
 * itself, so an odd run escapes what follows it. Runs before different finds are disjoint: linear time.
 */
export function indexOfUnescaped(text: string, search: string, from: number): number {
  let found = text.indexOf(search, from)
  while (found !== -1 && backslashesBefore(text, found) % 2 === 1) found = text.indexOf(search, found + 1)
  return found
}

/** How many backslashes stand directly before `end`. */
export function backslashesBefore(text: string, end: number): number {
  let start = end
  while (text[start - 1] === "\\") start--
  return end - start
}

/** A text as it is written without the plain spaces at its ends; one after a backslash belongs to the text. */
export function trimSpaces(raw: string): string {
  let start = 0
  while (raw[start] === " ") start++
  let end = raw.length
  while (end > start && raw[end - 1] === " ") end--
  if (end < raw.length && backslashesBefore(raw, end) % 2 === 1) end++
  return raw.slice(start, end)
}

/** The path that a trimmed one stands for; undefined where a backslash escapes what needs no escape. */
export function unescapePath(raw: string): string | undefined {
  if (!raw.includes("\\")) return raw
  let known = true
  const path = raw.replace(/\\(.)/gsu, (_, escaped: string) => {
    known &&= "\\{}? ".includes(escaped)
    return escaped
  })
  return known ? path : undefined
}

/** A path as it is written in a reference. Only the outermost spaces need a backslash: it shields those further in. */
export function escapePath(path: string): string {
  return path.replace(/[\\{}?]|^ | $/g, "\\$&")
}
