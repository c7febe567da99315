import { type KeyboardEvent, useId, useMemo, useRef, useState } from "react"
import { strings } from "../strings.ts"
import { spanText, timeText } from "../ui/time.tsx"
import { useWidth } from "../ui/use-width.ts"
import { type Bin, binsOf } from "./bins.ts"
import { ChartTable } from "./chart-table.tsx"
import { type AuditRequest, outcomes } from "./requests.ts"
import type { Span } from "./span.ts"

interface ChartProps {
  requests: readonly AuditRequest[]
  span: Span
  /** Before that nothing has been read, in milliseconds since the epoch. */
  readTo: number
  /** Whether there is nothing to show yet. */
  loading: boolean
  onNarrow(span: Span): void
}

/** As wide as a finger needs. */
const barWidth = 24

/** Requests by time and outcome, as bars to press and as a table. */
export function Chart({ requests, span, readTo, loading, onNarrow }: ChartProps) {
  const plot = useRef<HTMLDivElement>(null)
  const width = useWidth(plot, 1000)
  const { from, to } = span
  const bins = useMemo(
    () => binsOf(requests, { from, to }, Math.max(1, Math.floor(width / barWidth))),
    [requests, from, to, width],
  )
  const [current, setCurrent] = useState(0)
  const titleId = useId()
  const words = strings.audit
  const most = Math.max(1, ...bins.map(({ total }) => total))
  const pressable = bins.filter(({ total }) => total > 0)
  // One stop for the tab key; from there the arrow keys lead on.
  const stop = pressable[Math.min(current, pressable.length - 1)]

  function move(event: KeyboardEvent<HTMLElement>) {
    const buttons = [...event.currentTarget.querySelectorAll("button")]
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement)
    const next = destinationOf(event.key, at, buttons.length)
    if (next === undefined) return
    event.preventDefault()
    buttons[next]?.focus()
  }

  return (
    <figure className="chart" aria-labelledby={titleId}>
      <figcaption id={titleId} className="visually-hidden">
        {words.chart}
      </figcaption>
      <div
        className={`chart-plot ${loading ? "skeleton" : ""}`}
        ref={plot}
        role="toolbar"
        aria-label={words.chartHint}
        onKeyDown={move}
      >
        <span className="chart-most" aria-hidden="true">
          {most}
        </span>
        {bins.map((bin) =>
          bin.total === 0 ? (
            <span key={bin.from} className={bin.to <= readTo ? "chart-gap unread" : "chart-gap"} />
          ) : (
            <button
              key={bin.from}
              type="button"
              className="chart-bar"
              aria-label={barText(bin)}
              title={barText(bin)}
              tabIndex={bin === stop ? 0 : -1}
              onFocus={() => setCurrent(pressable.indexOf(bin))}
              onClick={() => onNarrow({ from: bin.from, to: bin.to })}
            >
              <Bar bin={bin} most={most} />
            </button>
          ),
        )}
        {!loading && pressable.length === 0 && <p className="chart-none muted">{words.noBars}</p>}
      </div>
      <div className="chart-axis small muted" aria-hidden="true">
        <span>{timeText(bins[0]?.from ?? from)}</span>
        <span>{timeText(bins.at(-1)?.to ?? to)}</span>
      </div>
      <ChartTable bins={pressable} onNarrow={onNarrow} />
    </figure>
  )
}

function destinationOf(key: string, at: number, count: number): number | undefined {
  if (count === 0) return undefined
  switch (key) {
    case "ArrowRight":
      return Math.min(at + 1, count - 1)
    case "ArrowLeft":
      return Math.max(at - 1, 0)
    case "Home":
      return 0
    case "End":
      return count - 1
    default:
      return undefined
  }
}

function barText(bin: Bin): string {
  const counts = outcomes
    .filter((outcome) => bin.counts[outcome] > 0)
    .map((outcome) => `${bin.counts[outcome]} ${strings.audit.outcomes[outcome].toLowerCase()}`)
  return strings.audit.bar(spanText(bin), counts.join(", "))
}

const plotHeight = 100
/** A single failure among a thousand requests must still be seen. */
const leastHeight = 3

/** Outcomes on top of each other, the bad ones where they are seen first. */
function Bar({ bin, most }: { bin: Bin; most: number }) {
  const heights = outcomes.map((outcome) => {
    const count = bin.counts[outcome]
    return { outcome, height: count === 0 ? 0 : Math.max(leastHeight, (count / most) * plotHeight) }
  })
  const excess = Math.max(0, heights.reduce((sum, { height }) => sum + height, 0) - plotHeight)
  const tallest = heights.reduce((a, b) => (b.height > a.height ? b : a))
  let top = plotHeight
  return (
    <svg viewBox={`0 0 1 ${plotHeight}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
      {heights.map((part) => {
        const height = part.height - (part === tallest ? excess : 0)
        top -= height
        return (
          height > 0 && (
            <rect key={part.outcome} className={part.outcome} x={0} y={top} width={1} height={height} />
          )
        )
      })}
    </svg>
  )
}
