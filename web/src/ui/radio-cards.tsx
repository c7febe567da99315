import { useId } from "react"

interface RadioCardsProps<Value extends string> {
  value: Value
  /** What can be chosen, each with its label and what it means. */
  options: readonly (readonly [value: Value, label: string, hint: string])[]
  onChange(value: NoInfer<Value>): void
}

/** A choice of few, each of which is explained. It belongs in a `fieldset`, whose legend says what is chosen. */
export function RadioCards<Value extends string>({ value, options, onChange }: RadioCardsProps<Value>) {
  const group = useId()
  return (
    <div className="radio-cards">
      {options.map(([option, label, hint]) => (
        <label key={option}>
          <input type="radio" name={group} checked={value === option} onChange={() => onChange(option)} />
          <span>
            <span className="radio-label">{label}</span>
            <span className="hint">{hint}</span>
          </span>
        </label>
      ))}
    </div>
  )
}
