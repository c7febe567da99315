import { type AuditItem, type AuditPage, type AuditQuery, positionOf } from "../../core/audit/audit.ts"
import type { Caller } from "../../core/audit/caller.ts"
import type { Principal } from "../../core/auth/principal.ts"
import type { OpenOptions } from "../../core/connections/open.ts"
import { tampered } from "../../core/connections/record-mac.ts"
import type { Settings } from "../../core/contract/settings.ts"
import { createEnvelope } from "../../core/crypto/envelope.ts"
import { ProviderError, type Reason } from "../../core/errors.ts"
import { newRequestId } from "../../core/ids.ts"
import type { Json } from "../../core/json.ts"
import { createLatchkey, type Latchkey, type Ports } from "../../core/latchkey.ts"
import { createNetwork } from "../../core/network/client.ts"
import type {
  BrowsePage,
  CheckReport,
  FetchResult,
  Login,
  ProviderClient,
} from "../../core/providers/provider.ts"
import { Secret } from "../../core/secret.ts"
import type { ReplyBound } from "../../core/secrets/reply-size.ts"
import { untilAborted } from "../../core/settle.ts"
import type { LastUse, UsagePage, Use } from "../../core/usage/usage.ts"
import { memoryKms } from "./memory-kms.ts"
import { memoryRedis } from "./memory-redis.ts"
import { memoryStore } from "./memory-store.ts"
import { type MovedClock, movedClock, turn } from "./moved-clock.ts"

/** A secret manager in memory, behind every connection of a test, by document (Vault: mount and path). */
export interface FakeVault {
  documents: Map<string, Json>
  /** Documents that have an answer of their own instead of a value. */
  refusals: Map<string, Reason>
  /** Instead of answering: every request fails so. */
  failure: Reason | undefined
  /** Each call of `fetch`, with the documents it asked for. */
  fetches: (readonly string[])[]
  /** Calls of `fetch` that have not ended. One that is told to stop takes a moment. */
  underWay: number
  /** With what each client was opened that fetched. */
  opened: OpenOptions[]
  /** What browsing finds, by prefix, and where it goes on `prefix|cursor`. Absent: it cannot be browsed. */
  pages: Map<string, BrowsePage> | undefined
  /** Each call of `browse`, in the same words. */
  browses: string[]
  /** Holds every answer, read already, until it resolves. */
  gate: Promise<unknown> | undefined
  /** Whether what is held goes on though nobody waits for it any more. */
  deaf: boolean
  /** Each live check: of which saved connection, or of which configuration. */
  checks: { connectionId?: string; config?: unknown }[]
  /** Answers checks instead. */
  check: ProviderClient["check"] | undefined
  /** If set, every fetch logs in by it first, as far as there is no session. */
  login: Login | undefined
}

const isOf = (use: Use, of: Pick<Use, "platformId" | "connectionId">) =>
  use.platformId === of.platformId && use.connectionId === of.connectionId

/** What several instances of Latchkey share. */
export function world() {
  const clock: MovedClock = movedClock()
  const redis = memoryRedis(clock)
  const store = memoryStore()
  const kms = memoryKms()
  const audit: AuditItem[] = []
  const uses: Use[] = []
  const counted: string[] = []
  /** Calls of the stores that are written to, and whether they fail. */
  const auditStore = {
    puts: 0,
    down: false,
    /** Holds every item until it resolves. */
    gate: undefined as Promise<unknown> | undefined,
    append,
    page: auditPage,
  }
  const usageStore = { writes: 0, down: false, touch, page: usesOf }
  const lastUses = new Map<string, Use & LastUse>()
  const vault: FakeVault = {
    documents: new Map(),
    refusals: new Map(),
    failure: undefined,
    fetches: [],
    underWay: 0,
    opened: [],
    pages: new Map(),
    browses: [],
    gate: undefined,
    deaf: false,
    checks: [],
    check: undefined,
    login: undefined,
  }

  async function append(item: AuditItem, signal?: AbortSignal): Promise<void> {
    auditStore.puts++
    if (auditStore.gate) await (signal ? untilAborted(auditStore.gate, signal) : auditStore.gate)
    if (auditStore.down) throw new Error("The audit store is down.")
    audit.push(item)
  }

  async function auditPage(query: AuditQuery, { limit }: { limit: number }): Promise<AuditPage> {
    const fits = (item: AuditItem) =>
      (["platformId", "connectionId", "actor", "action"] as const).every(
        (name) => query[name] === undefined || query[name] === item[name],
      )
    const found = audit
      .filter((item) => fits(item) && positionOf(item) < query.before && item.at >= query.from)
      .sort((a, b) => (positionOf(a) < positionOf(b) ? 1 : -1))
    const items = found.slice(0, limit)
    const last = items.at(-1)
    return { items, ...(last && found.length > limit && { next: positionOf(last) }) }
  }

  async function touch(seen: readonly Use[], at: number): Promise<void> {
    usageStore.writes++
    if (usageStore.down) throw new Error("The usage store is down.")
    uses.push(...seen)
    for (const use of seen)
      lastUses.set(JSON.stringify(use), { ...use, lastResolvedAt: new Date(at).toISOString() })
  }

  async function usesOf(
    connection: Pick<Use, "platformId" | "connectionId">,
    { limit, after = "", now }: { limit: number; after?: string; now: number },
  ): Promise<UsagePage> {
    const rest = [...lastUses].filter(([key, use]) => key > after && isOf(use, connection)).sort()
    const page = rest.slice(0, limit)
    const live = page.filter(([, use]) => Date.parse(use.lastResolvedAt) > now - 90 * 86_400_000)
    const next = rest.length > limit ? page.at(-1)?.[0] : undefined
    return {
      uses: live.map(([, { platformId: _p, connectionId: _c, ...use }]) => use),
      ...(next !== undefined && { next }),
    }
  }

  async function check(signal: AbortSignal): Promise<CheckReport> {
    if (vault.check) return vault.check(signal)
    const error = vault.failure && failure(vault.failure)
    return { steps: [{ name: "authenticate", ok: !error, ...(error && { error }) }], warnings: [] }
  }

  const browse: ProviderClient["browse"] = async (prefix, cursor) => {
    const asked = cursor === undefined ? prefix : `${prefix}|${cursor}`
    vault.browses.push(asked)
    if (vault.failure) throw failure(vault.failure)
    return structuredClone(vault.pages?.get(asked) ?? { data: [] })
  }

  const clientFor = (options: OpenOptions, checked: FakeVault["checks"][number]): ProviderClient => ({
    check(signal) {
      vault.checks.push(checked)
      return check(signal)
    },
    ...(vault.pages && { browse }),
    async fetch(documents, signal) {
      vault.fetches.push(documents)
      vault.opened.push(options)
      vault.underWay++
      try {
        await options.beforeRequest?.()
        if (vault.login) await options.sessions.current(vault.login, signal)
        const results = documents.map((document): [string, FetchResult] => [document, resultOf(document)])
        if (vault.gate) await (vault.deaf ? vault.gate : untilAborted(vault.gate, signal))
        signal.throwIfAborted()
        if (vault.failure) throw failure(vault.failure)
        return new Map(results)
      } finally {
        if (signal.aborted) await turn()
        vault.underWay--
      }
    },
  })

  function resultOf(document: string): FetchResult {
    const refusal = vault.refusals.get(document)
    if (refusal) return { ok: false, error: failure(refusal) }
    const content = vault.documents.get(document)
    if (content === undefined) return { ok: false, error: failure("NOT_FOUND") }
    return { ok: true, content: structuredClone(content), version: "1" }
  }

  /** Another instance of Latchkey, with a memory of its own. */
  function instance(ports: Partial<Ports> = {}): Latchkey {
    const envelope = createEnvelope({ kms, clock })
    return createLatchkey({
      clock,
      redis,
      store,
      accounts: store,
      kms,
      auditStore,
      usageStore,
      network: createNetwork({ policy: { allowHttp: false, allowLoopback: false, exceptions: [] }, clock }),
      metrics: { count: (name) => void counted.push(name), time: () => {} },
      auditMode: "required",
      resolveMs: 15_000,
      opener: {
        async saved({ platformId, id, configId, config }, options) {
          const binding = { platformId, connectionId: id, configId }
          if ((await envelope.decryptConfig(binding, config)) === undefined) throw tampered(id)
          return clientFor(options, { connectionId: id })
        },
        unsaved: (_platform, _provider, config, options) => clientFor(options, { config }),
      },
      ...ports,
    })
  }

  /** What some work asked of what is outside, in round trips. */
  async function roundTrips<T>(work: () => Promise<T>): Promise<RoundTrips> {
    const before = soFar()
    await work()
    const after = soFar()
    const spent = (name: keyof RoundTrips) => after[name] - before[name]
    return {
      reads: spent("reads"),
      audits: spent("audits"),
      usage: spent("usage"),
      redis: spent("redis"),
      kms: spent("kms"),
      fetches: spent("fetches"),
    }
  }

  const soFar = (): RoundTrips => ({
    reads: store.reads,
    audits: auditStore.puts,
    usage: usageStore.writes,
    redis: redis.asked.pipelines,
    kms: kms.calls,
    fetches: vault.fetches.length,
  })

  return {
    clock,
    redis,
    store,
    kms,
    audit,
    auditStore,
    uses,
    usageStore,
    counted,
    vault,
    instance,
    roundTrips,
  }
}

export type World = ReturnType<typeof world>

export interface RoundTrips {
  reads: number
  audits: number
  usage: number
  redis: number
  kms: number
  fetches: number
}

const failure = (reason: Reason) => new ProviderError(reason, "Failing, as the test wants it.")

export const admin: Principal = {
  platformId: "acme",
  subject: "ada",
  type: "USER",
  role: "ADMIN",
  expiresAt: Number.MAX_SAFE_INTEGER,
}

export const service: Principal = { ...admin, subject: "flows", type: "SERVICE", role: "MEMBER" }

export const memberOf = (...projectIds: string[]): Principal => ({
  ...admin,
  subject: "max",
  role: "MEMBER",
  projectIds,
})

export function callerOf(latchkey: Latchkey, principal: Principal): Caller {
  return {
    principal,
    requestId: newRequestId(),
    audit: latchkey.audit.request(),
    signal: new AbortController().signal,
  }
}

/** Creates a connection as an admin would. */
export async function connect(
  latchkey: Latchkey,
  options: Partial<Parameters<Latchkey["connections"]["create"]>[1]> = {},
  principal = admin,
): Promise<string> {
  const connection = await latchkey.connections.create(callerOf(latchkey, principal), {
    providerId: "hashicorp",
    name: "Vault",
    scope: "PLATFORM",
    config: {
      url: "https://vault.example",
      authMethod: "approle",
      roleId: "role",
      secretId: new Secret("s3cret"),
    },
    ...options,
  })
  return connection.id
}

/** A world with one instance and one connection, and how a reference into that is written. */
export async function connected(settings: Partial<Settings> = {}) {
  const shared = world()
  const latchkey = shared.instance()
  const id = await connect(latchkey, { settings })
  const reference = (path: string, connectionId = id) => `{{secret://${connectionId}/${path}}}`
  return { ...shared, latchkey, id, reference }
}

/** Changes a connection as an admin would. */
export function update(
  latchkey: Latchkey,
  id: string,
  patch: Parameters<Latchkey["connections"]["update"]>[2],
) {
  return latchkey.connections.update(callerOf(latchkey, admin), id, patch, undefined)
}

/** Clears a connection's cache, or without `id` the platform's, as an admin would. */
export function clear(latchkey: Latchkey, id?: string, principal = admin): Promise<void> {
  return latchkey.clear(callerOf(latchkey, principal), id)
}

/** Resolves a value as a service would. */
export function resolve(
  latchkey: Latchkey,
  value: Json,
  options: {
    projectId?: string
    onError?: "fail" | "report"
    principal?: Principal
    at?: string[]
    signal?: AbortSignal
    reply?: ReplyBound
    claimedActor?: string
  } = {},
) {
  const { principal = service, onError = "fail", ...rest } = options
  return latchkey.resolve({
    ...callerOf(latchkey, principal),
    value,
    onError,
    reply: { bytes: 4 * 1024 * 1024, enveloped: true },
    ...rest,
  })
}
