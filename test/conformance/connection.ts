import { type Clock, systemClock } from "../../core/clock.ts"
import { ProviderError, type Reason } from "../../core/errors.ts"
import { createNetwork, type Network } from "../../core/network/client.ts"
import type { HttpClientFactory } from "../../core/network/http.ts"
import type { BrowsePage, FetchResult, Provider } from "../../core/providers/provider.ts"
import { testDeps } from "../providers/deps.ts"
import type { Written } from "./subject.ts"
import type { Traces } from "./traces.ts"

/**
 * The network as it is deployed, but for servers on this machine, and without waiting between attempts. `hasty`: gives up soon
 * on what does not answer; a busy machine takes longer for what does.
 */
export function localNetwork({ hasty = false } = {}): Network {
  return createNetwork({
    policy: { allowHttp: true, allowLoopback: true, exceptions: [] },
    clock: hastyClock,
    timeouts: hasty ? { requestMs: 500, overallMs: 2_000 } : { requestMs: 4_000, overallMs: 8_000 },
  })
}

export type Connection = ReturnType<typeof connection>

/** A connection as it is used: its client, and what it depends on. What it lets out is added to `seen`. */
export function connection({
  provider,
  config,
  http,
  seen,
}: {
  provider: Provider
  config: Record<string, unknown>
  http: HttpClientFactory
  seen: Traces
}) {
  const deps = testDeps(http)
  const client = provider.open(provider.config().parse(config), deps)
  const note = <Value>(value: Value): Value => {
    seen.add(value)
    return value
  }
  const fail = (error: unknown): never => {
    throw note(error)
  }
  const signal = new AbortController().signal
  return {
    deps,
    check: () => client.check(signal).then(note, fail),
    fetch: (documents: readonly string[], until = signal) => client.fetch(documents, until).catch(fail),
    async browse(prefix: string, cursor?: string, until = signal): Promise<BrowsePage> {
      if (!client.browse) throw new Error("The provider has no `browse`.")
      return client.browse(prefix, cursor, until).then(note, fail)
    },
    /** What each secret resolves to: its value, or the reason why there is none. */
    async resolve(...secrets: readonly Pick<Written, "path" | "options">[]): Promise<(string | Reason)[]> {
      const references = secrets.map(({ path, options = {} }) => provider.parsePath(path, options))
      const documents = references.map(({ document }) => document)
      const results = await client.fetch(documents, signal).catch(reasonForAll(documents))
      return references.map(({ document, select }) => {
        const result = results.get(document)
        if (!result) throw new Error(`No result for ${document}`)
        try {
          if (result.ok) return select(result.content)
          throw result.error
        } catch (error) {
          if (!(note(error) instanceof ProviderError)) throw error
          return (error as ProviderError).reason
        }
      })
    },
  }
}

/** A rejected fetch is the failure of every document; anything but a `ProviderError` is a bug. */
function reasonForAll(documents: readonly string[]) {
  return (error: unknown): Map<string, FetchResult> => {
    if (!(error instanceof ProviderError)) throw error
    return new Map(documents.map((document) => [document, { ok: false, error }]))
  }
}

/** Does not wait between attempts. */
const hastyClock: Clock = { ...systemClock, sleep: async (_, signal) => signal?.throwIfAborted() }
