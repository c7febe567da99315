import { type Audit, type AuditMode, type AuditStore, createAudit } from "./audit/audit.ts"
import type { Clock } from "./clock.ts"
import { createOpener, type Opener } from "./connections/open.ts"
import { providerViews } from "./connections/provider-views.ts"
import { createSessionBook } from "./connections/sessions.ts"
import type { ConnectionStore } from "./connections/store.ts"
import { createEnvelope } from "./crypto/envelope.ts"
import type { KeyService } from "./crypto/key-service.ts"
import { createKeyring } from "./crypto/keyring.ts"
import type { Metrics } from "./metrics.ts"
import type { Network } from "./network/client.ts"
import { onDemand } from "./on-demand.ts"
import { once } from "./once.ts"
import type { AwsDeployment } from "./providers/aws/deployment.ts"
import { optionalRedis } from "./redis/optional.ts"
import type { Redis } from "./redis/redis.ts"
import type { AccountIndex } from "./rotation/account-index.ts"
import { createAcquirer } from "./secrets/acquire.ts"
import { createBreaker } from "./secrets/breaker.ts"
import { createClear } from "./secrets/clear.ts"
import { createEvaluate } from "./secrets/evaluate.ts"
import { createGather } from "./secrets/gather.ts"
import { createLastSeen } from "./secrets/last-seen.ts"
import { createLookup } from "./secrets/lookup.ts"
import { createMemoryTier } from "./secrets/memory.ts"
import { createResolve } from "./secrets/resolve.ts"
import { createValidate } from "./secrets/validate.ts"
import { createWaitingRoom } from "./secrets/waiting-room.ts"
import { createUsage, type UsageStore } from "./usage/usage.ts"

/** What Latchkey is built on. Each is an interface: AWS, Upstash and HTTP in a deployment, whatever a test needs in a test. */
export interface Ports {
  store: ConnectionStore
  kms: KeyService
  redis: Redis
  accounts: AccountIndex
  auditStore: AuditStore
  usageStore: UsageStore
  network: Network
  clock: Clock
  metrics: Metrics
  auditMode: AuditMode
  /** Bound on one resolve, in milliseconds. */
  resolveMs: number
  /** What the deployment says about AWS, for connections to it. */
  aws?: AwsDeployment
  /** Makes provider clients. @default one that decrypts configurations and goes out through `network` */
  opener?: Opener
}

/** Of a resolve's time, what is kept for our own writes, in milliseconds. */
const ownWritesMs = 2_000
/** A fetch ends before those who wait for it, so that they learn why. */
const fetchMarginMs = 500
/** What the secret manager gets where a stale value stands by. */
const fetchWithStaleMs = 2_000

/** One instance of Latchkey: everything it does, and the memory that its requests share. Nothing is contacted yet. */
export function createLatchkey(ports: Ports) {
  const { store, kms, network, clock, metrics } = ports
  const workMs = ports.resolveMs - ownWritesMs
  const keyring = createKeyring({ kms, clock })
  const envelope = createEnvelope({ kms, clock })
  const redis = optionalRedis({ redis: ports.redis, clock, metrics })
  const deployment = ports.aws ? { aws: ports.aws } : {}
  const opener = ports.opener ?? createOpener({ network, envelope, clock, ...deployment })
  const sessions = createSessionBook({ redis, clock, metrics })
  const memory = createMemoryTier({ clock })
  const usage = createUsage({ store: ports.usageStore, clock, metrics })
  const audit: Audit = createAudit({ store: ports.auditStore, mode: ports.auditMode, clock, metrics })

  const lookup = createLookup({ store, keyring, redis, memory, lastSeen: createLastSeen(), clock })
  const acquirer = createAcquirer({
    redis,
    memory,
    sessions,
    breaker: createBreaker({ clock }),
    waitingRoom: createWaitingRoom(),
    opener,
    clock,
    metrics,
    limits: { fetchMs: workMs - fetchMarginMs, fetchWithStaleMs },
  })
  const evaluate = createEvaluate({
    lookup,
    gather: createGather({ acquirer, clock }),
    usage,
    clock,
    workMs,
    resolveMs: ports.resolveMs,
  })
  const administration = once(async () => {
    const { createAdministration } = await import("./administration.ts")
    const { accounts, usageStore, auditStore } = ports
    const stores = { store, accounts, usageStore, auditStore }
    return createAdministration({ ...stores, keyring, envelope, redis, sessions, opener, clock, workMs })
  })

  return {
    audit,
    connections: onDemand(async () => (await administration()).connections, {
      create: true,
      get: true,
      list: true,
      remove: true,
      test: true,
      testUnsaved: true,
      update: true,
    }),
    ...onDemand(async () => (await administration()).views, {
      browse: true,
      usage: true,
      auditTrail: true,
    }),
    webhook: onDemand(async () => (await administration()).webhook, {
      webhookSecret: true,
      rotated: true,
    }),
    ...onDemand(async () => (await administration()).events, { awsChanged: true }),
    /** The secret managers that an admin of this platform can connect. */
    providers: (platformId: string) => providerViews(platformId, deployment),
    clear: createClear({ store }),
    resolve: createResolve({ evaluate }),
    validate: createValidate({ evaluate, store }),
  }
}

export type Latchkey = ReturnType<typeof createLatchkey>
