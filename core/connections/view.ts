import { kindsOf, type Principal } from "../auth/principal.ts"
import { toProblem } from "../contract/problems.ts"
import type { Connection, ConnectionStatus, MemberConnection } from "../contract/shapes/connection.ts"
import { seal, unseal } from "../crypto/seal.ts"
import { LatchkeyError } from "../errors.ts"
import type { PlainConfig } from "./config.ts"
import type { ConnectionRecord } from "./connection.ts"
import { connectionFailed } from "./failures.ts"
import { isAuthentic, tampered } from "./record-mac.ts"
import type { Status } from "./status.ts"
import type { SeenConnection } from "./use.ts"

/** What is known of a connection's state when it is shown. */
export type ShownStatus = Status | { connected: false; error: LatchkeyError } | undefined

/** A connection as its viewer may see it: admins all but secrets, services without `config`, members what they need to choose it. */
export function viewOf(
  use: SeenConnection,
  status: ShownStatus,
  viewer: { principal: Principal; requestId: string },
): Connection | MemberConnection {
  const { record } = use
  const kinds = kindsOf(viewer.principal)
  if (kinds.includes("admin")) return { ...full(use, status, viewer.requestId), config: configViewOf(use) }
  const own = record.projectIds?.filter((id) => viewer.principal.projectIds?.includes(id) ?? true)
  if (kinds.includes("service"))
    return { ...full(use, status, viewer.requestId), ...(own && { projectIds: own }) }
  const { id, providerId, name, scope } = record
  return {
    id,
    providerId,
    name,
    scope,
    ...(own && { projectIds: own }),
    connection: { connected: isAuthentic(use.keys, record) && status?.connected === true },
  }
}

function full({ record, keys }: SeenConnection, status: ShownStatus, requestId: string): Connection {
  const { id, created, updated, platformId, providerId, name, scope, projectIds, version, settings } = record
  const connection = isAuthentic(keys, record)
    ? statusView(record, status, requestId)
    : { configured: false, connected: false, error: toProblem(tampered(id), requestId) }
  return {
    id,
    created,
    updated,
    platformId,
    providerId,
    name,
    scope,
    ...(projectIds && { projectIds }),
    version,
    connection,
    settings,
  }
}

function statusView(record: ConnectionRecord, status: ShownStatus, requestId: string): ConnectionStatus {
  if (status === undefined) return { configured: true, connected: false }
  const { connected, error } = status
  const shown = error instanceof LatchkeyError ? error : error && connectionFailed(error, record)
  return {
    configured: true,
    connected,
    ...("checkedAt" in status && { checkedAt: new Date(status.checkedAt).toISOString() }),
    ...(shown && { error: toProblem(shown, requestId) }),
  }
}

type ConfigView = NonNullable<Connection["config"]>

/** Seals what admins may see of a configuration, so that a list need not ask KMS for every connection. */
export function sealConfigView(
  use: Pick<SeenConnection, "keys">,
  record: ViewBinding,
  view: PlainConfig,
  now: number,
) {
  return seal(use.keys, "config-view", bindingOf(record), Buffer.from(JSON.stringify(view)), now)
}

/** What admins may see of a configuration; empty where what is stored does not open. */
export function configViewOf({ keys, record }: SeenConnection): ConfigView {
  const opened = unseal(keys, "config-view", bindingOf(record), Buffer.from(record.configView))
  return opened ? JSON.parse(opened.toString()) : {}
}

type ViewBinding = Pick<ConnectionRecord, "platformId" | "id" | "configId">

const bindingOf = ({ platformId, id, configId }: ViewBinding) => [platformId, id, configId]
