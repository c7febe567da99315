import { type AnyConnection, isFull } from "../data/api.ts"
import { strings } from "../strings.ts"
import { Time } from "../ui/time.tsx"
import { stateOf } from "./arrange.ts"

/** Whether a connection works, since when that is known, and why not: in words, the colour only repeats it. */
export function StatusOf({ connection }: { connection: AnyConnection }) {
  const { word, detail } = wordsOf(connection)
  const checkedAt = isFull(connection) ? connection.connection.checkedAt : undefined
  return (
    <div className="status">
      <span className={`pill ${stateOf(connection)}`}>{word}</span>
      {checkedAt && (
        <span className="small muted">
          <Time at={checkedAt} text={strings.connections.checked} />
        </span>
      )}
      {detail && <span className="small status-detail">{detail}</span>}
    </div>
  )
}

function wordsOf(connection: AnyConnection): { word: string; detail?: string } {
  const words = strings.connections
  if (connection.connection.connected) return { word: words.connected }
  if (!isFull(connection)) return { word: words.disconnected }
  const { configured, checkedAt, error } = connection.connection
  if (!configured) return { word: words.unreadable, ...(error?.detail && { detail: error.detail }) }
  if (error === undefined) return { word: checkedAt ? words.disconnected : words.neverChecked }
  if (checkedAt === undefined && error.reason === "TIMEOUT") return { word: words.notInTime }
  return {
    word: error.reason ? strings.reasons[error.reason] : error.title,
    detail: error.detail ?? error.hint,
  }
}
