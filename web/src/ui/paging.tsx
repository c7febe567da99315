import { strings } from "../strings.ts"
import { IconButton } from "./button.tsx"
import type { pageOf } from "./page-of.ts"

interface PagingProps {
  label: string
  page: Pick<ReturnType<typeof pageOf>, "number" | "from" | "to" | "more">
  /** How many there are on all pages. */
  all: number
  onChange(page: number): void
}

/** The way to the pages before and after; nothing where there is but one. */
export function Paging({ label, page: { number, from, to, more }, all, onChange }: PagingProps) {
  if (number === 0 && !more) return null
  const words = strings.common
  return (
    <nav className="paging" aria-label={label}>
      <span className="muted">{words.page(from, to, all)}</span>
      <IconButton
        icon="left"
        label={words.previous}
        disabled={number === 0}
        onClick={() => onChange(number - 1)}
      />
      <IconButton icon="right" label={words.next} disabled={!more} onClick={() => onChange(number + 1)} />
    </nav>
  )
}
