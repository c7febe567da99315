import { useEffect, useRef } from "react"
import type { ProviderInfo } from "../../../core/client/index.ts"
import { StepLine, TestSteps, Warnings } from "../connections/test-steps.tsx"
import { isProblem } from "../data/api.ts"
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
  const failed = test?.state === "failed" || save.state === "failed"

  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever there is more to see
  useEffect(() => {
    element.current?.scrollIntoView({ block: "nearest" })
  }, [progress])

  const named = Object.keys(problems).length > 0
  const explain = (error: unknown) =>
    error !== undefined && (
      <>
        {/* Of what stands at the fields the API's words would say no more, to people. */}
        {!(named && isProblem(error, "VALIDATION")) && <ProblemBody text={problemText(error)} />}
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
      <ol className="steps">
        {test && (
          <StepLine
            state={test.state === "failed" ? "bad" : test.state}
            name={test.withStored ? words.stepTestStored : words.stepTest}
          >
            {explain(test.error)}
            {test.steps.length > 0 && <TestSteps steps={test.steps} />}
          </StepLine>
        )}
        <StepLine
          state={save.state === "failed" ? "bad" : save.state}
          name={test ? words.stepSave : words.stepSaveUntested}
        >
          {explain(save.error)}
        </StepLine>
      </ol>
      {test && <Warnings warnings={test.warnings} />}
      {failed && <p className="bad-text">{words.nothingStored}</p>}
    </div>
  )
}
