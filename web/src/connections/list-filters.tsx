import type { ProviderInfo } from "../../../core/client/index.ts"
import { strings } from "../strings.ts"
import { Choice, SearchBox } from "../ui/filters.tsx"
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
      <SearchBox
        label={words.search}
        placeholder={words.searchPlaceholder}
        value={search}
        onChange={(text) => onChange({ search: text })}
      />
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
