import type { ReactNode } from "react"
import type { ProviderInfo } from "../../../core/client/index.ts"
import { strings } from "../strings.ts"
import { Icon } from "../ui/icon.tsx"
import type { Arrangement } from "./arrange.ts"

interface ListFiltersProps {
  arrangement: Arrangement
  providers: readonly ProviderInfo[]
  onChange(next: Partial<Arrangement>): void
  /** Said aloud as it changes; absent while the list loads. */
  count: string | undefined
}

export function ListFilters({ arrangement, providers, onChange, count }: ListFiltersProps) {
  const words = strings.connections
  const { search, providerId, scope, state } = arrangement
  return (
    <search className="filters">
      <label className="search-box">
        <span className="visually-hidden">{words.search}</span>
        <Icon name="search" />
        <input
          type="search"
          value={search}
          placeholder={words.searchPlaceholder}
          onChange={(event) => onChange({ search: event.target.value })}
        />
      </label>
      <Choice label={words.provider} value={providerId} onChange={(value) => onChange({ providerId: value })}>
        <option value="">{words.anyProvider}</option>
        {providers.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </Choice>
      <Choice
        label={words.scope}
        value={scope}
        onChange={(value) => onChange({ scope: value as Arrangement["scope"] })}
      >
        <option value="">{words.anyScope}</option>
        <option value="PLATFORM">{words.platformWide}</option>
        <option value="PROJECT">{words.projectScope}</option>
      </Choice>
      <Choice
        label={words.status}
        value={state}
        onChange={(value) => onChange({ state: value as Arrangement["state"] })}
      >
        <option value="">{words.anyStatus}</option>
        {Object.entries(words.statuses).map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </Choice>
      <p className="muted count" role="status">
        {count}
      </p>
    </search>
  )
}

interface ChoiceProps {
  label: string
  value: string
  onChange(value: string): void
  children: ReactNode
}

function Choice({ label, value, onChange, children }: ChoiceProps) {
  return (
    <label>
      <span className="visually-hidden">{label}</span>
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        {children}
      </select>
    </label>
  )
}
