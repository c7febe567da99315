/** Text as the API writes it, where what stands between backticks is code. */
export function WithCode({ text }: { text: string }) {
  return text.split("`").map((part, index, parts) => {
    // Backticks open and close in turn; one that is never closed is itself.
    const isCode = index % 2 === 1 && index < parts.length - 1
    const shown = index % 2 === 1 && !isCode ? `\`${part}` : part
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move
    return isCode ? <code key={index}>{shown}</code> : shown
  })
}
