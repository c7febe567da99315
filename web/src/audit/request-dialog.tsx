import type { ReactNode } from "react"
import { strings } from "../strings.ts"
import { Button, IconButton } from "../ui/button.tsx"
import { Dialog } from "../ui/dialog.tsx"
import { exactTime } from "../ui/time.tsx"
import { failureText } from "./failure-text.ts"
import type { AuditRecord, AuditRequest } from "./requests.ts"
import type { AuditView } from "./use-audit.ts"

interface RequestDialogProps {
  request: AuditRequest
  nameOf(connectionId: string): string
  onNarrow(next: Partial<AuditView>): void
  onClose(): void
}

/** All that is recorded of one request, and ways to others like it. */
export function RequestDialog({ request, nameOf, onNarrow, onClose }: RequestDialogProps) {
  const { requestId, at, actor, claimedActor, action, operation, connectionIds, projectId, outcome } = request
  const words = strings.audit
  const fields = request.records.flatMap((record) => record.fields ?? [])
  const hosts = request.records.flatMap((record) => record.host ?? [])
  const [connectionId] = connectionIds
  return (
    <Dialog
      title={words.request.title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={() => onNarrow({ actor })}>{words.request.onlyActor}</Button>
          {connectionIds.length === 1 && connectionId && (
            <Button onClick={() => onNarrow({ connectionId })}>{words.request.onlyConnection}</Button>
          )}
          <span className="spring" />
          <Button kind="primary" onClick={onClose}>
            {strings.common.close}
          </Button>
        </>
      }
    >
      <dl className="facts-list">
        <Fact name={words.time}>{exactTime(at)}</Fact>
        <Fact name={words.actor}>
          {actor}
          {claimedActor && <span className="small muted line">{words.onBehalf(claimedActor)}</span>}
        </Fact>
        <Fact name={words.action}>
          {words.actions[action]} {operation && <code>{operation}</code>}
        </Fact>
        <Fact name={words.outcome}>
          <span className={`pill ${outcome}`}>{words.outcomes[outcome]}</span>{" "}
          <span className="small muted">{words.outcomeHints[outcome]}</span>
        </Fact>
        {connectionIds.length > 0 && (
          <Fact name={words.connection}>
            {connectionIds.map((id) => (
              <span key={id} className="line">
                {nameOf(id)} <code className="small muted">{id}</code>
              </span>
            ))}
          </Fact>
        )}
        {projectId && <Fact name={words.request.project}>{projectId}</Fact>}
        {hosts[0] && <Fact name={words.request.host}>{hosts[0]}</Fact>}
        {fields.length > 0 && <Fact name={words.request.fields}>{[...new Set(fields)].join(", ")}</Fact>}
        <Fact name={words.request.id}>
          <code>{requestId}</code>
        </Fact>
      </dl>
      {request.paths.length > 0 && (
        <Part title={words.request.asked}>
          {request.paths.map(({ path, count }) => (
            <li key={path} className="record-line">
              <span>
                <code>{path}</code> {count > 1 && <span className="small muted">{words.times(count)}</span>}
              </span>
              <IconButton
                icon="search"
                label={words.request.onlyPath(path)}
                onClick={() => onNarrow({ path })}
              />
            </li>
          ))}
        </Part>
      )}
      <Results records={request.records} />
    </Dialog>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt className="muted">{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="record-part">
      <h3>{title}</h3>
      <ul>{children}</ul>
    </section>
  )
}

type Result = NonNullable<AuditRecord["outcomes"]>[number] & { id: string }

/** What was recorded after the request itself. */
function Results({ records }: { records: readonly AuditRecord[] }) {
  const words = strings.audit
  const results = records.flatMap(({ id, code, reason, outcomes = [] }): Result[] => [
    ...(code ? [{ id, code, ...(reason && { reason }) }] : []),
    ...outcomes.map((outcome, index) => ({ ...outcome, id: `${id} ${index}` })),
  ])
  if (results.length === 0) return null
  return (
    <Part title={words.request.came}>
      {results.map((result) => {
        const { id, path, source, version, code } = result
        return (
          <li key={id} className="record-line">
            <span>
              {path && <code>{path} </code>}
              <span className={code ? "bad-text" : "muted"}>
                {[
                  source && (source === "stale" ? words.request.stale : words.request.fetched),
                  version && words.request.version(version),
                  failureText(result),
                ]
                  .filter(Boolean)
                  .join(", ")}
              </span>
            </span>
          </li>
        )
      })}
    </Part>
  )
}
