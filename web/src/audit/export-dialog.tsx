import { useEffect, useRef, useState } from "react"
import { useSession } from "../session/session.tsx"
import { strings } from "../strings.ts"
import { Button } from "../ui/button.tsx"
import { Dialog } from "../ui/dialog.tsx"
import { Icon } from "../ui/icon.tsx"
import { ProblemNote } from "../ui/problem-note.tsx"
import { RadioCards } from "../ui/radio-cards.tsx"
import { timeText } from "../ui/time.tsx"
import { createExport, type ExportFormat, type ExportProgress } from "./export.ts"
import type { Narrowing } from "./requests.ts"
import { saveFile } from "./save-file.ts"
import { printLocal, type Span } from "./span.ts"
import { type AuditQuery, loadPage } from "./use-audit.ts"

interface ExportDialogProps {
  query: AuditQuery
  span: Span
  narrowing: Narrowing
  nameOf(connectionId: string): string | undefined
  onClose(): void
}

type State =
  | { status: "choosing" | "running" | "cancelled" }
  | { status: "failed"; error: unknown }
  | { status: "done"; file: Blob; name: string; records: number }

const nothing: ExportProgress = { records: 0 }

/** Exports what the page looks at, with how far it is. Closing it cancels. */
export function ExportDialog({ query, span, narrowing, nameOf, onClose }: ExportDialogProps) {
  const { client, viewer } = useSession()
  const [format, setFormat] = useState<ExportFormat>("csv")
  const [state, setState] = useState<State>({ status: "choosing" })
  const [progress, setProgress] = useState(nothing)
  /** Kept where it fails, to go on with. */
  const running = useRef<ReturnType<typeof createExport> | undefined>(undefined)
  const controller = useRef<AbortController | undefined>(undefined)
  useEffect(() => () => controller.current?.abort(), [])
  const words = strings.exporting

  async function run() {
    const own = new AbortController()
    controller.current = own
    setState({ status: "running" })
    if (!running.current) setProgress(nothing)
    running.current ??= createExport({
      format,
      narrowing,
      nameOf,
      load: (cursor, signal) => loadPage(client, query, cursor, signal),
      onProgress: (next) => !own.signal.aborted && setProgress(next),
    })
    try {
      const { file, records } = await running.current.run(own.signal)
      if (own.signal.aborted) return
      running.current = undefined
      const name = fileName(viewer.platformId, span, format)
      if (records > 0) saveFile(file, name)
      setState({ status: "done", file, name, records })
    } catch (error) {
      if (!own.signal.aborted) setState({ status: "failed", error })
    }
  }

  function cancel() {
    controller.current?.abort()
    running.current = undefined
    setProgress(nothing)
    setState({ status: "cancelled" })
  }

  return (
    <Dialog
      title={words.title}
      size="small"
      onClose={onClose}
      footer={
        <>
          {state.status === "running" ? (
            <Button onClick={cancel}>{words.cancel}</Button>
          ) : (
            <Button onClick={onClose}>{strings.common.close}</Button>
          )}
          <Button kind="primary" icon="download" busy={state.status === "running"} onClick={run}>
            {state.status === "failed" ? words.again : words.start}
          </Button>
        </>
      }
    >
      <p>{words.lead}</p>
      <fieldset disabled={state.status === "running" || state.status === "failed"}>
        <legend>{words.format}</legend>
        <RadioCards
          value={format}
          options={[
            ["csv", words.csv, words.csvHint],
            ["json", words.json, words.jsonHint],
          ]}
          onChange={setFormat}
        />
      </fieldset>
      <div className="export-state">
        {(state.status === "running" || state.status === "failed") && (
          <>
            <progress aria-label={words.progress} max={1} {...doneSoFar(progress, span)} />
            <p className="small muted">
              {words.soFar(progress.records)}
              {progress.oldest !== undefined && words.backTo(timeText(progress.oldest))}
            </p>
          </>
        )}
        <div role="status">
          {state.status === "cancelled" && <p>{words.cancelled}</p>}
          {state.status === "done" && state.records === 0 && <p>{words.none}</p>}
          {state.status === "done" && state.records > 0 && (
            <p className="good-text">
              <Icon name="check" /> {words.done(state.records, state.name)}
            </p>
          )}
        </div>
        {state.status === "done" && state.records > 0 && (
          <Button onClick={() => saveFile(state.file, state.name)}>{words.save}</Button>
        )}
        {state.status === "failed" && (
          <>
            <ProblemNote error={state.error} />
            <p>{words.failed}</p>
          </>
        )}
      </div>
    </Dialog>
  )
}

/** By time, since nobody knows how many there are; unknown until something was found. */
function doneSoFar({ oldest }: ExportProgress, { from, to }: Span): { value?: number } {
  return oldest === undefined ? {} : { value: Math.min(1, Math.max(0, (to - oldest) / (to - from))) }
}

/** `latchkey-audit-acme-2026-05-04T1030.csv`: when it ends, on this browser's clock. */
function fileName(platformId: string, { to }: Span, format: ExportFormat): string {
  const platform = platformId.replaceAll(/[^A-Za-z0-9_-]/g, "-")
  return `latchkey-audit-${platform}-${printLocal(to).replace(":", "")}.${format}`
}
