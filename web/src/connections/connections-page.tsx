import { useState } from "react"
import type { Connection } from "../../../core/client/index.ts"
import { type AnyConnection, isFull } from "../data/api.ts"
import { ConnectionDialog } from "../editor/connection-dialog.tsx"
import type { Saved } from "../editor/save.ts"
import { useSession } from "../session/session.tsx"
import { strings } from "../strings.ts"
import { useAnnounce } from "../ui/announcer.tsx"
import { Button, IconButton } from "../ui/button.tsx"
import { PageHead } from "../ui/page-head.tsx"
import { ProblemNote } from "../ui/problem-note.tsx"
import { ConnectionList } from "./connection-list.tsx"
import type { RowActions } from "./connection-row.tsx"
import { DeleteDialog } from "./delete-dialog.tsx"
import { EmptyState } from "./empty-state.tsx"
import { ProjectChoice } from "./project-choice.tsx"
import { TestDialog } from "./test-dialog.tsx"
import { Warnings } from "./test-steps.tsx"
import { useClearing } from "./use-clearing.ts"
import { useConnections, useProviders } from "./use-connections.ts"

type Shown = { dialog: "create" } | { dialog: "edit" | "test" | "delete"; connection: Connection }

/** The platform's connections, as far as the viewer sees them, and what the viewer may do with them. */
export function ConnectionsPage() {
  const { viewer } = useSession()
  const isMember = !viewer.isAdmin && !viewer.isService
  const [projectId, setProjectId] = useState(isMember ? viewer.projectIds?.[0] : undefined)
  const hasProject = !isMember || projectId !== undefined
  const providers = useProviders()
  const connections = useConnections(projectId, hasProject)
  const announce = useAnnounce()
  const clearing = useClearing()
  const [shown, setShown] = useState<Shown>()
  /** What the test found that a connection was saved with. */
  const [warned, setWarned] = useState<{ name: string } & Pick<Saved, "warnings">>()
  const close = () => setShown(undefined)

  function saved({ connection, warnings }: Saved) {
    const isNew = shown?.dialog === "create"
    close()
    setWarned(warnings.length > 0 ? { name: connection.name, warnings } : undefined)
    announce((isNew ? strings.connections.created : strings.connections.updated)(connection.name))
    connections.replace((all) => [...all.filter(({ id }) => id !== connection.id), connection])
  }

  function deleted({ id, name }: Connection) {
    close()
    announce(strings.connections.deleted(name))
    connections.replace((all) => all.filter((connection) => connection.id !== id))
  }

  const actionsOf = (connection: AnyConnection): RowActions => {
    if (!isFull(connection)) return {}
    const mayClear = viewer.isAdmin || !viewer.projectIds || connection.scope === "PROJECT"
    return {
      ...(mayClear && { clear: () => clearing.clear(connection), clearing: clearing.isBusy(connection.id) }),
      ...(viewer.isAdmin && {
        test: () => setShown({ dialog: "test", connection }),
        edit: () => setShown({ dialog: "edit", connection }),
        remove: () => setShown({ dialog: "delete", connection }),
      }),
    }
  }

  const error = connections.error ?? providers.error
  const all = connections.data
  const known = { connections: all ?? [], providers: providers.data ?? [] }
  return (
    <>
      <PageHead title={strings.connections.title} lead={strings.connections.lead}>
        <IconButton
          icon="reload"
          label={strings.connections.reload}
          busy={connections.loading}
          onClick={connections.reload}
        />
        {!isMember && (viewer.isAdmin || !viewer.projectIds) && (
          <Button icon="refresh" busy={clearing.isBusy(undefined)} onClick={() => clearing.clear(undefined)}>
            {strings.connections.clearAll}
          </Button>
        )}
        {viewer.isAdmin && (
          <Button kind="primary" icon="plus" onClick={() => setShown({ dialog: "create" })}>
            {strings.connections.create}
          </Button>
        )}
      </PageHead>

      {!viewer.isAdmin && viewer.projectIds && viewer.projectIds.length > 0 && (
        <ProjectChoice
          projectIds={viewer.projectIds}
          value={projectId}
          onChange={setProjectId}
          mayBeNone={viewer.isService}
        />
      )}
      {warned && (
        <Warnings
          title={strings.connections.savedWith(warned.name)}
          warnings={warned.warnings}
          onDismiss={() => setWarned(undefined)}
        />
      )}
      {clearing.error !== undefined && <ProblemNote error={clearing.error} />}
      {error !== undefined && (
        <ProblemNote
          error={error}
          onRetry={() => {
            connections.reload()
            providers.reload()
          }}
        />
      )}
      {!hasProject && <p className="note">{strings.connections.noProjects}</p>}
      {hasProject && all?.length === 0 && error === undefined && (
        <EmptyState
          providers={known.providers}
          {...(viewer.isAdmin && { onCreate: () => setShown({ dialog: "create" }) })}
        />
      )}
      {hasProject && (all === undefined ? error === undefined : all.length > 0) && (
        <ConnectionList connections={all} providers={providers.data} actionsOf={actionsOf} />
      )}

      {shown?.dialog === "create" && <ConnectionDialog known={known} onClose={close} onSaved={saved} />}
      {shown?.dialog === "edit" && (
        <ConnectionDialog known={known} connection={shown.connection} onClose={close} onSaved={saved} />
      )}
      {shown?.dialog === "test" && (
        <TestDialog connection={shown.connection} onClose={close} onTested={connections.reload} />
      )}
      {shown?.dialog === "delete" && (
        <DeleteDialog
          connection={shown.connection}
          onClose={close}
          onDeleted={() => deleted(shown.connection)}
        />
      )}
    </>
  )
}
