import type { Clock } from "../clock.ts"
import type { Envelope } from "../crypto/envelope.ts"
import { LatchkeyError } from "../errors.ts"
import type { Network } from "../network/client.ts"
import type { AwsDeployment } from "../providers/aws/deployment.ts"
import type { ProviderClient, Sessions } from "../providers/provider.ts"
import { type ProviderId, providerById } from "../providers/registry.ts"
import type { AuthenticRecord } from "./connection.ts"
import { tampered } from "./record-mac.ts"

export interface OpenOptions {
  sessions: Sessions
  /** Tries of one request, the first included. @default 3 */
  attempts?: number
  /** Runs before each try of each request. */
  beforeRequest?: () => Promise<void>
}

/** Makes provider clients of connections: the one place where a stored configuration is decrypted for use. */
export interface Opener {
  /** @throws LatchkeyError `UNAVAILABLE` where keys cannot be reached or `signal` aborts, or the configuration does not open */
  saved(record: AuthenticRecord, options: OpenOptions, signal?: AbortSignal): Promise<ProviderClient>
  /** `config` as the provider's schema parsed it. */
  unsaved(platformId: string, providerId: ProviderId, config: unknown, options: OpenOptions): ProviderClient
}

export function createOpener(deps: {
  network: Network
  envelope: Envelope
  clock: Clock
  aws?: AwsDeployment
}): Opener {
  const { network, envelope, clock, aws } = deps

  return {
    async saved(record, options, signal) {
      const { platformId, id, configId, providerId } = record
      const binding = { platformId, connectionId: id, configId }
      const stored = await envelope.decryptConfig(binding, record.config, signal)
      const parsed = providerById(providerId)?.config().safeParse(stored)
      if (!parsed?.success) throw tampered(id)
      return open(platformId, providerId, parsed.data, `${platformId}/${id}/${configId}`, options)
    },

    unsaved: (platformId, providerId, config, options) =>
      open(platformId, providerId, config, `${platformId}/unsaved/${crypto.randomUUID()}`, options),
  }

  function open(
    platformId: string,
    providerId: ProviderId,
    config: unknown,
    connectionKey: string,
    { sessions, attempts, beforeRequest }: OpenOptions,
  ): ProviderClient {
    const provider = providerById(providerId)
    if (!provider) throw new LatchkeyError("INTERNAL", `No provider ${providerId}.`)
    const http = network.client({
      platformId,
      connectionKey,
      ...(attempts !== undefined && { attempts }),
      ...(beforeRequest && { beforeRequest }),
    })
    return provider.open(config, { http, clock, sessions, platformId, ...(aws && { aws }) })
  }
}
