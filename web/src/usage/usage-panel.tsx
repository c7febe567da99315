import { useState } from "react"
import { ConnectionChoice } from "../connections/connection-choice.tsx"
import type { AnyConnection } from "../data/api.ts"
import { strings } from "../strings.ts"
import { Button, IconButton } from "../ui/button.tsx"
import { SearchBox } from "../ui/filters.tsx"
import { pageOf } from "../ui/page-of.ts"
import { Paging } from "../ui/paging.tsx"
import { ProblemNote } from "../ui/problem-note.tsx"
import { SkeletonRows } from "../ui/skeleton-rows.tsx"
import { Time } from "../ui/time.tsx"
import { useUsage } from "./use-usage.ts"
import { countProjects, searchUses } from "./uses.ts"

interface UsagePanelProps {
  connections: readonly AnyConnection[]
  connectionId: string
  onChoose(connectionId: string): void
  /** Leads to the requests for a path. */
  onRequests(path: string): void
}

const pageSize = 25
const skeleton = { path: "bar wide", project: "bar", last: "bar", requests: "none" } as const

/** Which projects have resolved which secrets of a connection. */
export function UsagePanel({ connections, connectionId, onChoose, onRequests }: UsagePanelProps) {
  const chosen = connections.some(({ id }) => id === connectionId) ? connectionId : ""
  const { items, complete, loading, error, more, reload } = useUsage(chosen)
  const [search, setSearch] = useState("")
  const [page, setPage] = useState(0)
  const found = searchUses(items, search)
  const { shown, ...place } = pageOf(found, page, pageSize)
  const words = strings.usage
  const first = loading && items.length === 0

  return (
    <section className="card list">
      <search className="filters">
        <ConnectionChoice
          connections={connections}
          value={chosen}
          none={words.chooseConnection}
          onChange={onChoose}
        />
        {chosen !== "" && (
          <>
            <SearchBox
              label={words.search}
              placeholder={words.search}
              value={search}
              onChange={(text) => {
                setSearch(text)
                setPage(0)
              }}
            />
            <IconButton icon="reload" label={strings.audit.reload} busy={loading} onClick={reload} />
          </>
        )}
        <p className="muted count" role="status">
          {chosen !== "" &&
            (first
              ? strings.common.loading
              : items.length > 0 && words.summary(items.length, countProjects(items), complete))}
        </p>
      </search>
      {error !== undefined && <ProblemNote error={error} onRetry={more} />}
      {chosen === "" ? (
        <p className="none">{words.choose}</p>
      ) : (
        (first || found.length > 0) && (
          <table className="table usage-table" aria-busy={first || undefined}>
            <caption className="visually-hidden">{strings.audit.usage}</caption>
            <thead>
              <tr>
                <th scope="col">{words.path}</th>
                <th scope="col" className="column-project">
                  {words.project}
                </th>
                <th scope="col" className="column-last">
                  {words.last}
                </th>
                <th scope="col" className="column-requests">
                  <span className="visually-hidden">{strings.audit.requests}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {first ? (
                <SkeletonRows count={3} cells={skeleton} />
              ) : (
                shown.map(({ path, projectId, lastResolvedAt }) => (
                  <tr key={`${projectId} ${path}`}>
                    <th scope="row" className="wraps">
                      <code>{path}</code>
                    </th>
                    <td data-label={words.project} className="wraps">
                      {projectId ?? words.platform}
                    </td>
                    <td data-label={words.last}>
                      <Time at={lastResolvedAt} />
                    </td>
                    <td className="actions">
                      <IconButton icon="list" label={words.requests(path)} onClick={() => onRequests(path)} />
                    </td>
                  </tr>
                ))
              )}
            </tbody>
          </table>
        )
      )}
      {chosen !== "" && !loading && error === undefined && found.length === 0 && (
        <p className="none">{items.length === 0 ? words.none : words.noneMatch}</p>
      )}
      <Paging label={words.pages} page={place} all={found.length} onChange={setPage} />
      {chosen !== "" && items.length > 0 && (
        <p className="small muted audit-hint">
          {words.upToAnHour}{" "}
          {!complete && (
            <Button busy={loading} onClick={more}>
              {words.more}
            </Button>
          )}
        </p>
      )}
    </section>
  )
}
