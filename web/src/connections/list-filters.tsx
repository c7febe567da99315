import type { ProviderInfo } from "../../../core/client/index.ts"
import { strings } from "../strings.ts"
import { IconButton } from "../ui/button.tsx"
import { Choice, SearchBox } from "../ui/filters.tsx"
import type { Arrangement, SortKey } from "./arrange.ts"

interface ListFiltersProps {
  arrangement: Arrangement
  providers: readonly ProviderInfo[]
  onChange(next: Partial<Arrangement>): void
  /** Said aloud as it changes; absent while the list loads. */
  count: string | undefined
  showsVersions: boolean
}

export function ListFilters({ arrangement, providers, onChange, count, showsVersions }: ListFiltersProps) {
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
      <Sorting arrangement={arrangement} onChange={onChange} showsVersions={showsVersions} />
      <p className="muted count" role="status">
        {count}
      </p>
    </search>
  )
}

const sortKeys = ["name", "provider", "scope", "status", "version"] as const

/** Where the screen has no place for the table's head, which sorts elsewhere. */
function Sorting({ arrangement, onChange, showsVersions }: Omit<ListFiltersProps, "providers" | "count">) {
  const words = strings.connections
  const { sort, descending } = arrangement
  return (
    <div className="sorting">
      <Choice label={words.sort} value={sort} onChange={(key) => onChange({ sort: key as SortKey })}>
        {sortKeys
          .filter((key) => key !== "version" || showsVersions)
          .map((key) => (
            <option key={key} value={key}>
              {words.sortBy(words[key])}
            </option>
          ))}
      </Choice>
      <IconButton
        icon={descending ? "down" : "up"}
        label={words.descending}
        aria-pressed={descending}
        onClick={() => onChange({ descending: !descending })}
      />
    </div>
  )
}
