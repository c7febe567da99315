import type { TestReport } from "../../../core/client/index.ts"
import { textOfProblem } from "../data/problem-text.ts"
import { strings } from "../strings.ts"
import { Button } from "../ui/button.tsx"
import { Icon, type IconName } from "../ui/icon.tsx"
import { ProblemBody } from "../ui/problem-note.tsx"
import { exactTime } from "../ui/time.tsx"

type Step = TestReport["steps"][number]

/** What a test tried, in order, and what went wrong where. */
export function TestSteps({ steps }: { steps: readonly Step[] }) {
  return (
    <ol className="steps" aria-label={strings.test.steps}>
      {steps.map((step) => (
        <StepLine
          key={step.name}
          state={step.ok ? "ok" : "bad"}
          name={stepName(step.name)}
          {...(step.latencyMs !== undefined && { latencyMs: step.latencyMs })}
        >
          {step.error && <ProblemBody text={textOfProblem(step.error)} />}
        </StepLine>
      ))}
    </ol>
  )
}

interface StepLineProps {
  state: "ok" | "bad" | "busy" | "waiting"
  name: string
  latencyMs?: number
  children?: React.ReactNode
}

const icons: Record<StepLineProps["state"], IconName> = {
  ok: "check",
  bad: "close",
  busy: "refresh",
  waiting: "dash",
}

export function StepLine({ state, name, latencyMs, children }: StepLineProps) {
  const words = { ok: strings.test.ok, bad: strings.test.notOk, busy: strings.common.loading, waiting: "" }
  return (
    <li className={`step ${state}`}>
      <span className="step-mark">
        <Icon name={icons[state]} />
      </span>
      <div>
        <p className="step-name">
          {name} <span className="visually-hidden">{words[state]}</span>
          {latencyMs !== undefined && (
            <span className="muted small">{strings.test.milliseconds(latencyMs)}</span>
          )}
        </p>
        {children}
      </div>
    </li>
  )
}

interface WarningsProps extends Pick<TestReport, "warnings"> {
  title?: string
  onDismiss?: () => void
}

/** What a test found that is no failure yet. */
export function Warnings({ warnings, title = strings.test.warnings, onDismiss }: WarningsProps) {
  if (warnings.length === 0) return null
  return (
    <div className="note warn">
      <Icon name="alert" />
      <div>
        <p className="note-title">{title}</p>
        <ul>
          {warnings.map(({ code, message, at }) => (
            <li key={code}>
              {message}
              {at && <> ({exactTime(at)})</>}
            </li>
          ))}
        </ul>
        {onDismiss && <Button onClick={onDismiss}>{strings.common.dismiss}</Button>}
      </div>
    </div>
  )
}

/** `reach` in words; what a provider tried besides is named as it says. */
function stepName(name: string): string {
  return strings.test.stepNames[name] ?? name.slice(0, 1).toUpperCase() + name.slice(1)
}
