/** Browsers read what they save after the click that started it, which is over by then. */
const keptForMs = 60_000

/** Saves a file as if a link to it had been followed. */
export function saveFile(file: Blob, name: string): void {
  const link = document.createElement("a")
  link.href = URL.createObjectURL(file)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), keptForMs)
}
