import type { AuditStore } from "./audit/audit.ts"
import { createAuditList } from "./audit/list.ts"
import type { Clock } from "./clock.ts"
import { createConnectionFinder } from "./connections/find.ts"
import { createConnectionList } from "./connections/list.ts"
import type { Opener } from "./connections/open.ts"
import { platformKeys } from "./connections/platform.ts"
import { createRateLimit } from "./connections/rate-limit.ts"
import { createConnections } from "./connections/service.ts"
import type { SessionBook } from "./connections/sessions.ts"
import { createStatusCache } from "./connections/status.ts"
import { createStatusBoard } from "./connections/status-board.ts"
import type { ConnectionStore } from "./connections/store.ts"
import { createUpdate } from "./connections/update.ts"
import type { Envelope } from "./crypto/envelope.ts"
import type { Keyring } from "./crypto/keyring.ts"
import type { OptionalRedis } from "./redis/optional.ts"
import type { AccountIndex } from "./rotation/account-index.ts"
import { createAwsChanged } from "./rotation/aws-changed.ts"
import { createRotated } from "./rotation/rotated.ts"
import { createWebhookSecret } from "./rotation/webhook-secret.ts"
import { createBrowse } from "./secrets/browse.ts"
import { createUsageList } from "./usage/list.ts"
import type { UsageStore } from "./usage/usage.ts"

export interface AdministrationDeps {
  store: ConnectionStore
  accounts: AccountIndex
  usageStore: UsageStore
  auditStore: AuditStore
  keyring: Keyring
  envelope: Envelope
  redis: OptionalRedis
  sessions: SessionBook
  opener: Opener
  clock: Clock
  /** Bound on one request's work, in milliseconds. */
  workMs: number
}

/** What people do with connections, as against what flows resolve through them. Loaded with the first such request. */
export function createAdministration(deps: AdministrationDeps) {
  const { store, accounts, usageStore, auditStore, keyring } = deps
  const { envelope, redis, sessions, opener, clock, workMs } = deps
  const keysOf = (platformId: string, signal: AbortSignal) =>
    platformKeys({ store, keyring }, platformId, signal)
  const finder = createConnectionFinder({ store, keyring })
  const statuses = createStatusCache({ redis, clock })
  const statusBoard = createStatusBoard({ statuses, opener, sessions, clock })
  const rateLimit = createRateLimit({ redis, clock })
  const connectionDeps = {
    store,
    keyring,
    finder,
    envelope,
    opener,
    statuses,
    statusBoard,
    rateLimit,
    clock,
    testMs: workMs,
  }
  return {
    connections: {
      ...createConnections(connectionDeps),
      list: createConnectionList({ store, keyring, statusBoard, clock }),
      update: createUpdate(connectionDeps),
    },
    webhook: {
      webhookSecret: createWebhookSecret({ store, finder, clock }),
      rotated: createRotated({ store, keyring, clock }),
    },
    events: {
      awsChanged: createAwsChanged({ store, accounts, clock }),
    },
    views: {
      browse: createBrowse({ finder, redis, sessions, opener, rateLimit, clock, askMs: workMs }),
      usage: createUsageList({ finder, usageStore, clock }),
      auditTrail: createAuditList({ auditStore, keysOf, clock }),
    },
  }
}
