import type { ReactNode } from "react"
import { Icon } from "./icon.tsx"

interface SearchBoxProps {
  label: string
  placeholder: string
  value: string
  onChange(text: string): void
}

/** Narrows a list down as somebody types. */
export function SearchBox({ label, placeholder, value, onChange }: SearchBoxProps) {
  return (
    <label className="search-box">
      <span className="visually-hidden">{label}</span>
      <Icon name="search" />
      <input
        type="search"
        value={value}
        placeholder={placeholder}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  )
}

interface ChoiceProps {
  label: string
  value: string
  onChange(value: string): void
  children: ReactNode
}

/** A filter of which one value is chosen. */
export function Choice({ label, value, onChange, children }: ChoiceProps) {
  return (
    <label>
      <span className="visually-hidden">{label}</span>
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        {children}
      </select>
    </label>
  )
}
