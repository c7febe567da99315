import { type ProblemText, problemText } from "../data/problem-text.ts"
import { strings } from "../strings.ts"
import { Button } from "./button.tsx"
import { Icon } from "./icon.tsx"
import { WithCode } from "./with-code.tsx"

interface ProblemNoteProps {
  error: unknown
  onRetry?: () => void
}

/** What went wrong with a call, and what to do. A screen reader hears it as it appears. */
export function ProblemNote({ error, onRetry }: ProblemNoteProps) {
  const text = problemText(error)
  return (
    <div className="note bad" role="alert">
      <Icon name="alert" />
      <div>
        <ProblemBody text={text} />
        {onRetry && (
          <Button kind="secondary" icon="refresh" onClick={onRetry}>
            {strings.common.retry}
          </Button>
        )}
      </div>
    </div>
  )
}

export function ProblemBody({ text }: { text: ProblemText }) {
  const { title, detail, hint, upstream, requestId, docsUrl } = text
  return (
    <>
      <p className="note-title">{title}</p>
      <p>
        <WithCode text={detail} />
      </p>
      {hint && hint !== detail && (
        <p>
          <WithCode text={hint} />
        </p>
      )}
      {upstream && <p className="muted">{upstream}.</p>}
      {(requestId || docsUrl) && (
        <p className="small muted">
          {requestId && <code>{strings.errors.requestId(requestId)}</code>}{" "}
          {docsUrl && (
            <a href={docsUrl} target="_blank" rel="noreferrer">
              {strings.common.docs}
              <span className="visually-hidden"> {strings.common.opensNewTab}</span>
            </a>
          )}
        </p>
      )}
    </>
  )
}
