import type { Connection } from "../../../core/client/index.ts"
import { isProblem } from "../data/api.ts"
import { useCall } from "../data/use-call.ts"
import { useSession } from "../session/session.tsx"
import { strings } from "../strings.ts"
import { Button } from "../ui/button.tsx"
import { Dialog } from "../ui/dialog.tsx"
import { ProblemNote } from "../ui/problem-note.tsx"
import { UsageSummary } from "../usage/usage-summary.tsx"
import { useUsage } from "../usage/use-usage.ts"

interface DeleteDialogProps {
  connection: Pick<Connection, "id" | "name">
  onClose(): void
  onDeleted(): void
}

/** Says what would break, and asks before it deletes. A connection that is gone already counts as deleted. */
export function DeleteDialog({ connection, onClose, onDeleted }: DeleteDialogProps) {
  const { client } = useSession()
  const { state, run } = useCall<true>()
  const { id, name } = connection
  const usage = useUsage(id)
  // Not before there is something to decide by; where it cannot be had, without it.
  const looking = usage.loading && usage.items.length === 0

  async function remove() {
    const done = await run(async (signal) => {
      await client.deleteConnection({ id }, { signal }).catch((error: unknown) => {
        if (!isProblem(error, "ENTITY_NOT_FOUND")) throw error
      })
      return true
    })
    if (done) onDeleted()
  }

  return (
    <Dialog
      title={strings.remove.title(name)}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{strings.common.cancel}</Button>
          <Button
            kind="danger"
            icon="trash"
            busy={state.status === "busy"}
            disabled={looking}
            onClick={remove}
          >
            {strings.remove.confirm}
          </Button>
        </>
      }
    >
      <p>{strings.remove.body}</p>
      <h3>{strings.remove.breaks}</h3>
      <UsageSummary usage={usage} />
      <p className="muted">
        {strings.remove.id}: <code>{id}</code>
      </p>
      {state.status === "failed" && <ProblemNote error={state.error} />}
    </Dialog>
  )
}
