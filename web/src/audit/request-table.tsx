import { useState } from "react"
import { strings } from "../strings.ts"
import { pageOf } from "../ui/page-of.ts"
import { Paging } from "../ui/paging.tsx"
import { SkeletonRows } from "../ui/skeleton-rows.tsx"
import { exactTime, timeText } from "../ui/time.tsx"
import { failureText } from "./failure-text.ts"
import { type AuditRequest, failureOf } from "./requests.ts"

interface RequestTableProps {
  requests: readonly AuditRequest[]
  /** Whether none have come yet, and their places are to be kept. */
  loading: boolean
  nameOf(connectionId: string): string
  onOpen(request: AuditRequest): void
}

const pageSize = 25
const shownPaths = 2
const skeleton = { time: "bar", actor: "bar", action: "bar wide", paths: "bar wide", outcome: "bar" } as const

/** Requests, the newest first. */
export function RequestTable({ requests, loading, nameOf, onOpen }: RequestTableProps) {
  const [page, setPage] = useState(0)
  const { shown, ...place } = pageOf(requests, page, pageSize)
  const words = strings.audit
  return (
    <>
      <table className="table audit-table" aria-busy={loading || undefined}>
        <caption className="visually-hidden">{words.requests}</caption>
        <thead>
          <tr>
            <th scope="col" className="column-time">
              {words.time}
            </th>
            <th scope="col" className="column-who">
              {words.actor}
            </th>
            <th scope="col">{words.action}</th>
            <th scope="col">{words.paths}</th>
            <th scope="col" className="column-outcome">
              {words.outcome}
            </th>
          </tr>
        </thead>
        <tbody>
          {loading ? (
            <SkeletonRows count={5} cells={skeleton} />
          ) : (
            shown.map((request) => (
              <RequestRow key={request.requestId} request={request} nameOf={nameOf} onOpen={onOpen} />
            ))
          )}
        </tbody>
      </table>
      <Paging label={words.pages} page={place} all={requests.length} onChange={setPage} />
    </>
  )
}

interface RequestRowProps extends Pick<RequestTableProps, "nameOf" | "onOpen"> {
  request: AuditRequest
}

function RequestRow({ request, nameOf, onOpen }: RequestRowProps) {
  const { at, actor, claimedActor, action, operation, connectionIds, projectId, paths, outcome } = request
  const words = strings.audit
  const time = timeText(at)
  const why = failureText(failureOf(request))
  return (
    <tr>
      <th scope="row" className="time-cell">
        <button
          type="button"
          className="link"
          aria-label={words.open(words.actions[action], time)}
          title={exactTime(at)}
          onClick={() => onOpen(request)}
        >
          <time dateTime={new Date(at).toISOString()}>{time}</time>
        </button>
      </th>
      <td data-label={words.actor} className="wraps">
        <div>
          {actor}
          {claimedActor && <span className="small muted line">{words.onBehalf(claimedActor)}</span>}
        </div>
      </td>
      <td data-label={words.action} className="wraps">
        <div>
          {words.actions[action]} {operation && <code>{operation}</code>}
          <span className="small muted line">
            {[...connectionIds.map(nameOf), projectId].filter(Boolean).join(" · ")}
          </span>
        </div>
      </td>
      <td data-label={paths.length > 0 ? words.paths : undefined} className="wraps">
        <div>
          {paths.slice(0, shownPaths).map(({ path }) => (
            <code key={path} className="line">
              {path}
            </code>
          ))}
          {paths.length > shownPaths && (
            <span className="small muted">{words.morePaths(paths.length - shownPaths)}</span>
          )}
        </div>
      </td>
      <td data-label={words.outcome}>
        <div>
          <span className={`pill ${outcome}`}>{words.outcomes[outcome]}</span>
          {why && <span className="small muted line">{why}</span>}
        </div>
      </td>
    </tr>
  )
}
