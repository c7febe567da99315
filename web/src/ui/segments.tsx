import { useId } from "react"

interface SegmentsProps<Value extends string> {
  /** Of the whole; it is not seen. */
  label: string
  value: Value
  options: readonly (readonly [value: Value, label: string])[]
  onChange(value: NoInfer<Value>): void
}

/** Switches between few ways to look at the same. */
export function Segments<Value extends string>({ label, value, options, onChange }: SegmentsProps<Value>) {
  const group = useId()
  return (
    <fieldset className="segments">
      <legend className="visually-hidden">{label}</legend>
      {options.map(([option, text]) => (
        <label key={option}>
          <input type="radio" name={group} checked={value === option} onChange={() => onChange(option)} />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  )
}
