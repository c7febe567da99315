import type { ProviderInfo } from "../../../core/client/index.ts"
import { type AnyConnection, isFull } from "../data/api.ts"
import { strings } from "../strings.ts"
import { IconButton } from "../ui/button.tsx"
import { ProviderLogo } from "../ui/provider-logo.tsx"
import { StatusOf } from "./connection-status.tsx"

/** What the viewer may do with a connection. */
export interface RowActions {
  test?: () => void
  clear?: () => void
  clearing?: boolean
  edit?: () => void
  remove?: () => void
}

interface ConnectionRowProps {
  connection: AnyConnection
  provider: ProviderInfo | undefined
  actions: RowActions
}

export function ConnectionRow({ connection, provider, actions }: ConnectionRowProps) {
  const { name, providerId } = connection
  const words = strings.connections
  return (
    <tr>
      <th scope="row" className="name-cell">
        <ProviderLogo provider={provider} />
        <span className="name-lines">
          <span className="name">{name}</span>
          <span className="muted small">{provider?.name ?? providerId}</span>
        </span>
      </th>
      <td data-label={words.scope}>
        <Scope connection={connection} />
      </td>
      <td data-label={words.status}>
        <StatusOf connection={connection} />
      </td>
      {isFull(connection) && (
        <td data-label={words.version} className="version">
          {connection.version}
        </td>
      )}
      {isFull(connection) && (
        <td className="actions">
          {actions.test && <IconButton icon="pulse" label={words.test(name)} onClick={actions.test} />}
          {actions.clear && (
            <IconButton
              icon="refresh"
              label={words.clear(name)}
              busy={actions.clearing ?? false}
              onClick={actions.clear}
            />
          )}
          {actions.edit && <IconButton icon="edit" label={words.edit(name)} onClick={actions.edit} />}
          {actions.remove && (
            <IconButton icon="trash" className="danger" label={words.remove(name)} onClick={actions.remove} />
          )}
        </td>
      )}
    </tr>
  )
}

const shownProjects = 2

function Scope({ connection: { scope, projectIds = [] } }: { connection: AnyConnection }) {
  if (scope === "PLATFORM") return strings.connections.platformWide
  const more = projectIds.slice(shownProjects)
  return (
    <span className="chips">
      {projectIds.slice(0, shownProjects).map((id) => (
        <span className="chip" key={id}>
          {id}
        </span>
      ))}
      {more.length > 0 && (
        <span className="small muted" title={more.join(", ")}>
          {strings.connections.moreProjects(more.length)}
        </span>
      )}
    </span>
  )
}
