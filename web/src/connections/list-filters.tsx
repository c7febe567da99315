import type { ProviderInfo } from "../../../core/client/index.ts"
import { strings } from "../strings.ts"
import { IconButton } from "../ui/button.tsx"
import { Choice, SearchBox } from "../ui/filters.tsx"
import type { Arrangement, ConnectionState } from "./arrange.ts"

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
      <Choice
        label={words.provider}
        value={providerId}
        options={[["", words.anyProvider], ...providers.map(({ id, name }) => [id, name] as const)]}
        onChange={(value) => onChange({ providerId: value })}
      />
      <Choice
        label={words.scope}
        value={scope}
        options={[
          ["", words.anyScope],
          ["PLATFORM", words.platformWide],
          ["PROJECT", words.projectScope],
        ]}
        onChange={(value) => onChange({ scope: value })}
      />
      <Choice
        label={words.status}
        value={state}
        options={[["", words.anyStatus], ...(Object.entries(words.statuses) as [ConnectionState, string][])]}
        onChange={(value) => onChange({ state: value })}
      />
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
      <Choice
        label={words.sort}
        value={sort}
        options={sortKeys
          .filter((key) => key !== "version" || showsVersions)
          .map((key) => [key, words.sortBy(words[key])] as const)}
        onChange={(key) => onChange({ sort: key })}
      />
      <IconButton
        icon={descending ? "down" : "up"}
        label={words.descending}
        aria-pressed={descending}
        onClick={() => onChange({ descending: !descending })}
      />
    </div>
  )
}
