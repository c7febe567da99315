import { strings } from "../strings.ts"
import { type Outcome, outcomes } from "./requests.ts"

interface LegendProps {
  counts: Readonly<Record<Outcome, number>>
  outcome: Outcome | ""
  onChange(outcome: Outcome | ""): void
}

/** The chart's colours by name, with how many there are; one can be looked at alone. */
export function Legend({ counts, outcome, onChange }: LegendProps) {
  const words = strings.audit
  return (
    <fieldset className="legend">
      <legend className="visually-hidden">{words.outcome}</legend>
      {outcomes.map((one) => (
        <button
          key={one}
          type="button"
          className="legend-item"
          aria-pressed={outcome === one}
          title={words.outcomeHints[one]}
          onClick={() => onChange(outcome === one ? "" : one)}
        >
          <span className={`swatch ${one}`} />
          {words.outcomes[one]} <strong>{counts[one]}</strong>
        </button>
      ))}
    </fieldset>
  )
}
