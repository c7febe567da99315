import { strings } from "../strings.ts"
import { spanText } from "../ui/time.tsx"
import type { Bin } from "./bins.ts"
import { outcomes } from "./requests.ts"
import type { Span } from "./span.ts"

/** What the chart shows, in numbers. */
export function ChartTable({ bins, onNarrow }: { bins: readonly Bin[]; onNarrow(span: Span): void }) {
  const words = strings.audit
  return (
    <details className="chart-table">
      <summary className="small">{words.chartTable}</summary>
      <table className="table">
        <caption className="visually-hidden">{words.chart}</caption>
        <thead>
          <tr>
            <th scope="col">{words.time}</th>
            {outcomes.map((outcome) => (
              <th scope="col" key={outcome}>
                {words.outcomes[outcome]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {bins.map((bin) => (
            <tr key={bin.from}>
              <th scope="row">
                <button
                  type="button"
                  className="link"
                  onClick={() => onNarrow({ from: bin.from, to: bin.to })}
                >
                  {spanText(bin)}
                </button>
              </th>
              {outcomes.map((outcome) => (
                <td key={outcome} data-label={words.outcomes[outcome]}>
                  {bin.counts[outcome]}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}
