import { useState } from "react"
import { useConnections } from "../connections/use-connections.ts"
import { useSession } from "../session/session.tsx"
import { strings } from "../strings.ts"
import { PageHead } from "../ui/page-head.tsx"
import { ProblemNote } from "../ui/problem-note.tsx"
import { Segments } from "../ui/segments.tsx"
import { UsagePanel } from "../usage/usage-panel.tsx"
import { RequestsPanel } from "./requests-panel.tsx"
import { type AuditView, wholeView } from "./use-audit.ts"

/** For admins: who asked for what, and who reaches which secret. */
export function AuditPage() {
  const { viewer } = useSession()
  const words = strings.audit
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      {viewer.isAdmin ? <Audit /> : <p className="note">{words.onlyAdmins}</p>}
    </>
  )
}

type Way = "requests" | "usage"

function Audit() {
  const [way, setWay] = useState<Way>("requests")
  const [view, setView] = useState<AuditView>(wholeView)
  const connections = useConnections(undefined)
  const words = strings.audit
  const change = (next: Partial<AuditView>) => setView((before) => ({ ...before, ...next }))
  const known = { connections: connections.data ?? [], loaded: connections.data !== undefined }

  return (
    <>
      {connections.error !== undefined && (
        <ProblemNote error={connections.error} onRetry={connections.reload} />
      )}
      <Segments
        label={words.ways}
        value={way}
        options={[
          ["requests", words.requests],
          ["usage", words.usage],
        ]}
        onChange={setWay}
      />
      {way === "requests" ? (
        <RequestsPanel view={view} known={known} onChange={change} />
      ) : (
        <UsagePanel
          connections={known.connections}
          connectionId={view.connectionId}
          onChoose={(connectionId) => change({ connectionId })}
          onRequests={(path) => {
            change({ path, outcome: "", actor: "", action: "" })
            setWay("requests")
          }}
        />
      )}
    </>
  )
}
