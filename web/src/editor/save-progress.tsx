import { useEffect, useRef } from "react"
import type { ProviderInfo } from "../../../core/client/index.ts"
import { StepLine, TestSteps, Warnings } from "../connections/test-steps.tsx"
import { problemText } from "../data/problem-text.ts"
import { strings } from "../strings.ts"
import { ProblemBody } from "../ui/problem-note.tsx"
import { fieldLabel } from "./conflict-note.tsx"
import type { Progress } from "./save.ts"

interface SaveProgressProps {
  progress: Progress
  /** What is wrong with which field. */
  problems: Readonly<Record<string, string>>
  provider: ProviderInfo
}

/** What saving has tried so far, step by step; where it failed, why, and what to do. */
export function SaveProgress({ progress, problems, provider }: SaveProgressProps) {
  const element = useRef<HTMLDivElement>(null)
  const words = strings.editor
  const { test, save } = progress
  const failed = test?.failed || save.state === "failed"
  const testRefused = test !== undefined && test.report === undefined && save.state === "failed"

  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever there is more to see
  useEffect(() => {
    element.current?.scrollIntoView({ block: "nearest" })
  }, [progress])

  const error = save.error !== undefined && (
    <>
      <ProblemBody text={problemText(save.error)} />
      <ul>
        {Object.entries(problems).map(([name, message]) => (
          <li key={name}>
            <strong>{fieldLabel(name, provider)}</strong>: {message}
          </li>
        ))}
      </ul>
    </>
  )
  return (
    <div className={`progress ${failed ? "bad" : ""}`} aria-live="polite" ref={element}>
      {test?.report ? (
        <TestSteps steps={test.report.steps} />
      ) : (
        test && (
          <ol className="steps">
            <StepLine state={testRefused ? "bad" : "busy"} name={words.stepTest}>
              {testRefused && error}
            </StepLine>
          </ol>
        )
      )}
      <ol className="steps">
        <StepLine
          state={save.state === "busy" ? "busy" : save.state === "failed" && !testRefused ? "bad" : "waiting"}
          name={save.tests ? words.stepTestAndSave : words.stepSave}
        >
          {!testRefused && error}
        </StepLine>
      </ol>
      {test?.report && <Warnings warnings={test.report.warnings} />}
      {failed && <p className="bad-text">{words.nothingStored}</p>}
    </div>
  )
}
