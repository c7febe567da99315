import { useState } from "react"
import type { ProviderInfo } from "../../../core/client/index.ts"
import { type AnyConnection, isFull } from "../data/api.ts"
import { strings } from "../strings.ts"
import { Button } from "../ui/button.tsx"
import { Icon } from "../ui/icon.tsx"
import { pageOf } from "../ui/page-of.ts"
import { Paging } from "../ui/paging.tsx"
import { SkeletonRows } from "../ui/skeleton-rows.tsx"
import { type Arrangement, arrange, noArrangement, type SortKey } from "./arrange.ts"
import { ConnectionRow, type RowActions } from "./connection-row.tsx"
import { ListFilters } from "./list-filters.tsx"

interface ConnectionListProps {
  /** Absent while they load: their places are kept. */
  connections: readonly AnyConnection[] | undefined
  providers: readonly ProviderInfo[] | undefined
  actionsOf(connection: AnyConnection): RowActions
}

const pageSize = 25
const skeleton = {
  name: "logo",
  scope: "bar",
  status: "bar wide",
  version: "bar short",
  actions: "none",
} as const

/** The connections as a table, with what finds one among many. */
export function ConnectionList({ connections, providers, actionsOf }: ConnectionListProps) {
  const [arrangement, setArrangement] = useState(noArrangement)
  const [page, setPage] = useState(0)
  const providerOf = (id: string) => providers?.find((provider) => provider.id === id)
  const arranged = arrange(connections ?? [], arrangement, (id) => providerOf(id)?.name ?? id)
  const { shown, number, from, to, more } = pageOf(arranged, page, pageSize)
  const showsVersions = connections === undefined || connections.some(isFull)

  function change(next: Partial<Arrangement>) {
    setArrangement((before) => ({ ...before, ...next }))
    setPage(0)
  }

  const words = strings.connections
  const column = (key: SortKey, label: string) => (
    <SortHeader key={key} label={label} sort={key} arrangement={arrangement} onChange={change} />
  )
  return (
    <section className="card list">
      <ListFilters
        arrangement={arrangement}
        providers={providers ?? []}
        onChange={change}
        count={connections && words.count(arranged.length, connections.length)}
        showsVersions={showsVersions}
      />
      <table className="table connections-table" aria-busy={connections === undefined || undefined}>
        <caption className="visually-hidden">{words.title}</caption>
        <thead>
          <tr>
            {column("name", words.name)}
            {column("scope", words.scope)}
            {column("status", words.status)}
            {showsVersions && column("version", words.version)}
            {showsVersions && (
              <th scope="col" className="column-actions">
                <span className="visually-hidden">{words.actions}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {connections === undefined ? (
            <SkeletonRows count={5} cells={skeleton} />
          ) : (
            shown.map((connection) => (
              <ConnectionRow
                key={connection.id}
                connection={connection}
                provider={providerOf(connection.providerId)}
                actions={actionsOf(connection)}
              />
            ))
          )}
        </tbody>
      </table>
      {connections !== undefined && arranged.length === 0 && (
        <p className="none">
          {words.noneMatch} <Button onClick={() => change(noArrangement)}>{words.showAll}</Button>
        </p>
      )}
      <Paging
        label={words.pages}
        page={{ number, from, to, more }}
        all={arranged.length}
        onChange={setPage}
      />
    </section>
  )
}

interface SortHeaderProps {
  label: string
  sort: SortKey
  arrangement: Arrangement
  onChange(next: Partial<Arrangement>): void
}

function SortHeader({ label, sort, arrangement, onChange }: SortHeaderProps) {
  const active = arrangement.sort === sort
  const descending = active && arrangement.descending
  return (
    <th
      scope="col"
      className={`column-${sort}`}
      aria-sort={active ? (descending ? "descending" : "ascending") : undefined}
    >
      <button
        type="button"
        className="sort"
        onClick={() => onChange({ sort, descending: active && !descending })}
      >
        {label}
        {active && <Icon name={descending ? "down" : "up"} />}
      </button>
    </th>
  )
}
