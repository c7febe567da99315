import { useEffect, useMemo, useRef, useState } from "react"
import type { AnyConnection } from "../data/api.ts"
import { strings } from "../strings.ts"
import { Button, IconButton } from "../ui/button.tsx"
import { ProblemNote } from "../ui/problem-note.tsx"
import { timeText } from "../ui/time.tsx"
import { AuditFilters } from "./audit-filters.tsx"
import { countsOf } from "./bins.ts"
import { Chart } from "./chart.tsx"
import { ExportDialog } from "./export-dialog.tsx"
import { Legend } from "./legend.tsx"
import { RequestDialog } from "./request-dialog.tsx"
import { RequestTable } from "./request-table.tsx"
import { type AuditRequest, reaches, requestsOf } from "./requests.ts"
import type { Range, Span } from "./span.ts"
import { type AuditView, useAudit, wholeView } from "./use-audit.ts"

interface RequestsPanelProps {
  view: AuditView
  known: { connections: readonly AnyConnection[]; loaded: boolean }
  onChange(next: Partial<AuditView>): void
}

/** Requests by time, outcome and whatever they are filtered by. */
export function RequestsPanel({ view, known, onChange }: RequestsPanelProps) {
  const audit = useAudit(view)
  const { items: records, complete, loading, error, span } = audit
  const [opened, setOpened] = useState<AuditRequest>()
  const [exporting, setExporting] = useState(false)
  /** The times that were looked at before each bar that was pressed. */
  const [wider, setWider] = useState<readonly Range[]>([])
  const widen = useRef<HTMLSpanElement>(null)
  const words = strings.audit

  const all = useMemo(() => requestsOf(records), [records])
  const reached = useMemo(() => all.filter((request) => reaches(request, view.path)), [all, view.path])
  const shown = useMemo(
    () => reached.filter(({ outcome }) => view.outcome === "" || outcome === view.outcome),
    [reached, view.outcome],
  )
  const names = new Map(known.connections.map(({ id, name }) => [id, name]))
  const nameOf = (id: string) => names.get(id) ?? (known.loaded ? words.deletedConnection(id) : id)
  const choices = [
    ...new Set([...names.keys(), ...all.flatMap((request) => request.connectionIds), view.connectionId]),
  ]
    .filter((id) => id !== "")
    .map((id) => ({ id, name: nameOf(id) }))
  const first = loading && records.length === 0
  const readTo = complete ? span.from : Math.min(all.at(-1)?.at ?? span.to, span.to)

  // The bar that was pressed is gone, and the focus with it.
  useEffect(() => {
    if (wider.length > 0) widen.current?.querySelector("button")?.focus()
  }, [wider])

  function narrow(next: Span) {
    setWider((before) => [...before, view.range])
    onChange({ range: next })
  }

  function change(next: Partial<AuditView>) {
    if (next.range) setWider([])
    onChange(next)
  }

  function goWider() {
    const range = wider.at(-1)
    if (!range) return
    setWider((before) => before.slice(0, -1))
    onChange({ range })
  }

  const { range: _range, ...filters } = view
  const { range: _whole, ...noFilters } = wholeView
  const isFiltered = Object.values(filters).some((value) => value !== "")
  return (
    <section className="card list">
      <AuditFilters
        view={view}
        span={span}
        connections={choices}
        actors={[...new Set(all.map(({ actor }) => actor))].sort()}
        onChange={change}
      />
      <div className="audit-bar">
        <Legend
          counts={countsOf(reached)}
          outcome={view.outcome}
          onChange={(outcome) => change({ outcome })}
        />
        <span className="spring" />
        {isFiltered && (
          <Button kind="quiet" icon="close" onClick={() => change(noFilters)}>
            {words.reset}
          </Button>
        )}
        {wider.length > 0 && (
          <span ref={widen}>
            <Button icon="widen" onClick={goWider}>
              {words.widen}
            </Button>
          </span>
        )}
        <IconButton icon="reload" label={words.reload} busy={loading} onClick={audit.reload} />
        <Button icon="download" onClick={() => setExporting(true)}>
          {words.export}
        </Button>
      </div>
      <Chart requests={shown} span={span} readTo={readTo} loading={first} onNarrow={narrow} />
      {error !== undefined && <ProblemNote error={error} onRetry={audit.more} />}
      <div className="audit-count">
        <p className="muted small" role="status">
          {first
            ? strings.common.loading
            : [
                words.count(shown.length, all.length),
                loading ? words.reading : !complete && words.upTo(timeText(readTo)),
              ]
                .filter(Boolean)
                .join(", ")}
        </p>
        {loading ? (
          <Button onClick={audit.stop}>{words.stop}</Button>
        ) : (
          !complete && error === undefined && <Button onClick={audit.more}>{words.more}</Button>
        )}
      </div>
      <RequestTable
        key={JSON.stringify(view)}
        requests={shown}
        loading={first}
        nameOf={nameOf}
        onOpen={setOpened}
      />
      {!loading && error === undefined && shown.length === 0 && <p className="none">{words.none}</p>}
      {view.connectionId !== "" && <p className="small muted audit-hint">{words.partly}</p>}
      {opened && (
        <RequestDialog
          request={opened}
          nameOf={nameOf}
          onClose={() => setOpened(undefined)}
          onNarrow={(next) => {
            setOpened(undefined)
            change(next)
          }}
        />
      )}
      {exporting && (
        <ExportDialog
          query={audit.query}
          span={span}
          narrowing={view}
          nameOf={(id) => names.get(id)}
          onClose={() => setExporting(false)}
        />
      )}
    </section>
  )
}
