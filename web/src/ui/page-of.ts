/** The page of that number, from 0; the last one where there are fewer. */
export function pageOf<Item>(items: readonly Item[], page: number, size: number) {
  const number = Math.max(0, Math.min(page, Math.ceil(items.length / size) - 1))
  const from = number * size
  const shown = items.slice(from, from + size)
  return { shown, number, from: from + 1, to: from + shown.length, more: from + size < items.length }
}
