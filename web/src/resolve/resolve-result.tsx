import { useState } from "react"
import type { Resolution } from "../../../core/client/index.ts"
import { textOfProblem } from "../data/problem-text.ts"
import { strings } from "../strings.ts"
import { Button } from "../ui/button.tsx"
import { ProblemBody } from "../ui/problem-note.tsx"
import { masked } from "./mask.ts"

interface ResolveResultProps {
  resolution: Resolution
  /** From this browser, in milliseconds. */
  ms: number
}

export function ResolveResult({ resolution, ms }: ResolveResultProps) {
  const { value, references } = resolution
  const [visible, setVisible] = useState(false)
  const words = strings.resolver
  const failed = references.filter(({ error }) => error).length
  const pointers = references.map(({ pointer }) => pointer)
  return (
    <>
      <p className={failed > 0 ? "bad-text" : "good-text"}>
        {words.summary(references.length - failed, failed)} <span className="muted">· {words.took(ms)}</span>
      </p>
      {references.length === 0 && <p className="muted">{words.none}</p>}
      <ul className="resolved">
        {references.map(({ pointer, connectionId, source, version, error }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: one place may hold several references, and the list never changes
          <li key={`${pointer} ${index}`}>
            <p className="resolved-head">
              <code>{pointer || words.whole}</code>
              <span className={`pill ${error ? "failing" : "connected"}`}>
                {error ? words.failed : words.resolved}
              </span>
            </p>
            <p className="small muted">
              {connectionId && <code>{connectionId}</code>}
              {source && <> · {words.from(words.sources[source])}</>}
              {version && (
                <>
                  {" "}
                  · {words.version} {version}
                </>
              )}
            </p>
            {error && <ProblemBody text={textOfProblem(error)} />}
          </li>
        ))}
      </ul>
      <div className="value-head">
        <h2>{words.value}</h2>
        <Button icon="eye" aria-pressed={visible} onClick={() => setVisible(!visible)}>
          {visible ? words.hide : words.show}
        </Button>
      </div>
      <pre className="code-block">
        {JSON.stringify(visible ? value : masked(value, pointers, words.mask), null, 2)}
      </pre>
    </>
  )
}
