import { useId } from "react"
import { strings } from "../strings.ts"
import type { ExportFormat } from "./export.ts"

interface FormatChoiceProps {
  format: ExportFormat
  disabled: boolean
  onChange(format: ExportFormat): void
}

export function FormatChoice({ format, disabled, onChange }: FormatChoiceProps) {
  const group = useId()
  const words = strings.exporting
  const formats = [
    ["csv", words.csv, words.csvHint],
    ["json", words.json, words.jsonHint],
  ] as const
  return (
    <fieldset disabled={disabled}>
      <legend>{words.format}</legend>
      <div className="radio-cards">
        {formats.map(([value, label, hint]) => (
          <label key={value}>
            <input type="radio" name={group} checked={format === value} onChange={() => onChange(value)} />
            <span>
              <span className="radio-label">{label}</span>
              <span className="hint">{hint}</span>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}
