/**
 * Every way in which a text may get written down: plain, in JSON, in JSON inside JSON, in a URL, in hexadecimal, and in
 * both alphabets of base64, wherever in a longer text it begins.
 */
export function writingsOf(text: string): string[] {
  const bytes = Buffer.from(text)
  const json = JSON.stringify(text).slice(1, -1)
  const aligned = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replaceAll("=", "")
    // Of the first and the last characters some bits belong to what stands around.
    return encoded.slice(offset === 0 ? 0 : offset + 1, -1)
  })
  return [
    text,
    json,
    JSON.stringify(json).slice(1, -1),
    encodeURIComponent(text),
    encodeURI(text),
    new URLSearchParams({ "": text }).toString().slice(1),
    bytes.toString("hex"),
    bytes.toString("hex").toUpperCase(),
    bytes.toString("latin1"),
    ...aligned,
    ...aligned.map((encoded) => encoded.replaceAll("+", "-").replaceAll("/", "_")),
  ]
}

/** Which of the canaries, by name, are in the text in any writing. */
export function canariesIn(text: string, canaries: Readonly<Record<string, string>>): string[] {
  return Object.entries(canaries)
    .filter(([, canary]) => writingsOf(canary).some((writing) => text.includes(writing)))
    .map(([name]) => name)
}
