import { useEffect } from "react"
import type { Connection, TestReport } from "../../../core/client/index.ts"
import { useCall } from "../data/use-call.ts"
import { useSession } from "../session/session.tsx"
import { strings } from "../strings.ts"
import { Button } from "../ui/button.tsx"
import { Dialog } from "../ui/dialog.tsx"
import { ProblemNote } from "../ui/problem-note.tsx"
import { exactTime } from "../ui/time.tsx"
import { StepLine, TestSteps, Warnings } from "./test-steps.tsx"

interface TestDialogProps {
  connection: Pick<Connection, "id" | "name">
  onClose(): void
  /** The list shows what was found. */
  onTested(): void
}

/** Tests a saved connection as it opens, and shows each step. */
export function TestDialog({ connection, onClose, onTested }: TestDialogProps) {
  const { client } = useSession()
  const { state, run } = useCall<TestReport>()
  const { id, name } = connection

  async function test() {
    const report = await run((signal) => client.testConnection({ id }, { signal }))
    if (report) onTested()
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, as it opens
  useEffect(() => {
    void test()
  }, [])

  return (
    <Dialog
      title={strings.test.title(name)}
      size="small"
      onClose={onClose}
      footer={
        <>
          <Button icon="refresh" busy={state.status === "busy"} onClick={test}>
            {strings.test.again}
          </Button>
          <Button kind="primary" onClick={onClose}>
            {strings.common.close}
          </Button>
        </>
      }
    >
      <div className="steps-place" aria-live="polite">
        {(state.status === "busy" || state.status === "idle") && (
          <ol className="steps">
            <StepLine state="busy" name={strings.test.running} />
          </ol>
        )}
        {state.status === "failed" && <ProblemNote error={state.error} />}
        {state.status === "done" && (
          <>
            <TestSteps steps={state.result.steps} />
            <p className={state.result.connected ? "good-text" : "bad-text"}>
              {state.result.connected
                ? `${strings.test.passed(exactTime(state.result.checkedAt))} ${strings.test.cleared}`
                : strings.test.failed}
            </p>
            <Warnings warnings={state.result.warnings} />
          </>
        )}
      </div>
    </Dialog>
  )
}
