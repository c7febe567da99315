import type { AuditItem } from "../../core/audit/audit.ts"
import type { Principal } from "../../core/auth/principal.ts"
import type { Caller } from "../../core/connections/caller.ts"
import type { Opener } from "../../core/connections/open.ts"
import { ProviderError, type Reason } from "../../core/errors.ts"
import { newRequestId } from "../../core/ids.ts"
import type { Json } from "../../core/json.ts"
import { createLatchkey, type Latchkey } from "../../core/latchkey.ts"
import { createNetwork } from "../../core/network/client.ts"
import type { BrowsePage, FetchResult } from "../../core/providers/provider.ts"
import { Secret } from "../../core/secret.ts"
import type { Use } from "../../core/usage/usage.ts"
import { memoryKms } from "./memory-kms.ts"
import { memoryRedis } from "./memory-redis.ts"
import { memoryStore } from "./memory-store.ts"
import { type MovedClock, movedClock } from "./moved-clock.ts"

/** A secret manager in memory, behind every connection of a test, by document (Vault: mount and path). */
export interface FakeVault {
  documents: Map<string, Json>
  /** Instead of answering: every request fails so. */
  failure: Reason | undefined
  /** Each call of `fetch`, with the documents it asked for. */
  fetches: (readonly string[])[]
  /** What browsing finds, by prefix, and where it goes on `prefix|cursor`. Absent: it cannot be browsed. */
  pages: Map<string, BrowsePage> | undefined
  /** Each call of `browse`, in the same words. */
  browses: string[]
  /** Holds every fetch until it resolves. */
  gate: Promise<unknown> | undefined
}

/** What several instances of Latchkey share. */
export function world() {
  const clock: MovedClock = movedClock()
  const redis = memoryRedis(clock)
  const store = memoryStore()
  const kms = memoryKms()
  const audit: AuditItem[] = []
  const uses: Use[] = []
  const counted: string[] = []
  const vault: FakeVault = {
    documents: new Map(),
    failure: undefined,
    fetches: [],
    pages: new Map(),
    browses: [],
    gate: undefined,
  }

  const client: ReturnType<Opener["unsaved"]> = {
    async check() {
      const error = vault.failure && new ProviderError(vault.failure, "Failing, as the test wants it.")
      return { steps: [{ name: "authenticate", ok: !error, ...(error && { error }) }], warnings: [] }
    },
    async fetch(documents, signal) {
      vault.fetches.push(documents)
      await vault.gate
      signal.throwIfAborted()
      if (vault.failure) throw new ProviderError(vault.failure, "Failing, as the test wants it.")
      return new Map(documents.map((document): [string, FetchResult] => [document, resultOf(document)]))
    },
  }

  const browsable: ReturnType<Opener["unsaved"]> = {
    ...client,
    async browse(prefix, cursor) {
      const asked = cursor === undefined ? prefix : `${prefix}|${cursor}`
      vault.browses.push(asked)
      if (vault.failure) throw new ProviderError(vault.failure, "Failing, as the test wants it.")
      return structuredClone(vault.pages?.get(asked) ?? { data: [] })
    },
  }
  const open = () => (vault.pages ? browsable : client)

  function resultOf(document: string): FetchResult {
    const content = vault.documents.get(document)
    if (content === undefined) return { ok: false, error: new ProviderError("NOT_FOUND", "No such secret.") }
    return { ok: true, content: structuredClone(content), version: "1" }
  }

  /** Another instance of Latchkey, with a memory of its own. */
  function instance(): Latchkey {
    return createLatchkey({
      clock,
      redis,
      store,
      kms,
      auditStore: { append: async (item) => void audit.push(item) },
      usageStore: { touch: async (seen) => void uses.push(...seen) },
      network: createNetwork({ policy: { allowHttp: false, allowLoopback: false, exceptions: [] }, clock }),
      metrics: { count: (name) => void counted.push(name), time: () => {} },
      auditMode: "required",
      resolveMs: 15_000,
      opener: { saved: async () => open(), unsaved: open },
    })
  }

  return { clock, redis, store, kms, audit, uses, counted, vault, instance }
}

export const admin: Principal = {
  platformId: "acme",
  subject: "ada",
  type: "USER",
  role: "ADMIN",
  expiresAt: Number.MAX_SAFE_INTEGER,
}

export const service: Principal = { ...admin, subject: "flows", type: "SERVICE", role: "MEMBER" }

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

/** Resolves a value as a service would. */
export function resolve(
  latchkey: Latchkey,
  value: Json,
  options: { projectId?: string; onError?: "fail" | "report"; principal?: Principal; at?: string[] } = {},
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
