import { randomBytes } from "node:crypto"

/** What must not be found, by name: texts, and keys, which are bytes. */
export type Canaries = Readonly<Record<string, string | Buffer>>

/** A text that stands nowhere else, of which no piece is common: it begins and ends with its own mark. It is no JSON. */
export function canary(what: string): string {
  const mark = `c${randomBytes(5).toString("hex").slice(1)}`
  return `${mark}-canary-${what}-${mark}`
}

/** What of a text is nowhere else: its canary; of a token what follows its header, of a certificate what it certifies. */
export function canaryOf(text: string): string {
  const own =
    /c[0-9a-f]{9}-canary-.*-c[0-9a-f]{9}/s.exec(text)?.[0] ??
    /^eyJ[\w-]*\.([\w-]+\.[\w-]+)$/.exec(text)?.[1] ??
    /^-----BEGIN CERTIFICATE-----\n(?:.*\n){2}(.+)\n/.exec(text)?.[1]
  return own ?? text
}

/** As much as V8 quotes of a text that is no JSON. */
const pieceLength = 10
/** What the shortest writing of a piece is longer than. */
const startLength = 8

/** Who writes down a part of a text writes its beginning or its end. */
const piecesOf = (whole: string | Buffer) =>
  typeof whole === "string"
    ? [whole.slice(0, pieceLength), whole.slice(-pieceLength)]
    : [whole.subarray(0, pieceLength), whole.subarray(-pieceLength)]

/** Tells which of the canaries, by name, are in a text, whole or in part, in any writing. In one pass, however many there are. */
export function searchFor(canaries: Canaries): (text: string) => string[] {
  const byStart = new Map<string, { writing: string; name: string }[]>()
  for (const [name, whole] of Object.entries(canaries)) {
    if (whole.length < startLength) throw new Error(`${name} is too short to be told from what is common.`)
    for (const writing of new Set(piecesOf(whole).flatMap(writingsOf))) {
      const start = writing.slice(0, startLength)
      byStart.set(start, [...(byStart.get(start) ?? []), { writing, name }])
    }
  }
  return (text) => {
    const found = new Set<string>()
    for (let at = 0; at + startLength <= text.length; at++)
      for (const { writing, name } of byStart.get(text.slice(at, at + startLength)) ?? [])
        if (text.startsWith(writing, at)) found.add(name)
    return [...found]
  }
}

/**
 * Every way in which a text may get written down: plain, in JSON, in JSON inside JSON, in a URL, in hexadecimal, and in
 * both alphabets of base64, wherever in a longer text it begins.
 */
export function writingsOf(text: string | Buffer): string[] {
  const bytes = Buffer.from(text)
  const aligned = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replaceAll("=", "")
    // Of the first and the last characters some bits belong to what stands around.
    return encoded.slice(offset === 0 ? 0 : offset + 1, -1)
  })
  return [
    ...(typeof text === "string" ? plainWritingsOf(text) : []),
    bytes.toString("hex"),
    bytes.toString("hex").toUpperCase(),
    bytes.toString("latin1"),
    ...aligned,
    ...aligned.map((encoded) => encoded.replaceAll("+", "-").replaceAll("/", "_")),
  ]
}

function plainWritingsOf(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1)
  return [
    text,
    json,
    JSON.stringify(json).slice(1, -1),
    encodeURIComponent(text),
    encodeURI(text),
    new URLSearchParams({ "": text }).toString().slice(1),
  ]
}
