import { inspect } from "node:util"

/**
 * Everything that a provider let out while it was tested: errors with their causes, reports, log lines. No credential and no
 * value may be in it, in any of the ways in which they get written down.
 */
export interface Traces {
  add(trace: unknown): void
  /** The canaries found in what was added: `secret-1 as base64`. */
  found(canaries: readonly string[]): string[]
  count: number
}

export function traces(): Traces {
  const texts: string[] = []
  const all = {
    count: 0,
    add(trace: unknown) {
      all.count++
      texts.push(
        inspect(trace, { depth: null, showHidden: true }),
        JSON.stringify(trace) ?? "",
        String(trace),
      )
      if (trace instanceof Error) texts.push(trace.stack ?? "", JSON.stringify({ ...trace }))
    },
    found(canaries: readonly string[]): string[] {
      const everything = texts.join("\n")
      return canaries.flatMap((canary) =>
        Object.entries(writings(canary))
          .filter(([, writing]) => writing.length > 3 && everything.includes(writing))
          .map(([name]) => `${canary} as ${name}`),
      )
    },
  }
  return all
}

function writings(text: string): Record<string, string> {
  const bytes = Buffer.from(text)
  return {
    "plain text": text,
    // Without the end that depends on what follows.
    base64: bytes.toString("base64").replace(/.?=*$/, ""),
    base64url: bytes.toString("base64url").slice(0, -1),
    hex: bytes.toString("hex"),
    "a URL's part": encodeURIComponent(text),
    JSON: JSON.stringify(text).slice(1, -1),
  }
}
