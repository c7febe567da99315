import type { Settings } from "../contract/settings.ts"
import type { EncryptedConfig } from "../crypto/envelope.ts"
import type { AwsPlace } from "../providers/provider.ts"
import type { ProviderId } from "../providers/registry.ts"

/** What decides who may use a connection and what it leads to. Authenticated by the record's MAC. */
export interface ConnectionFacts {
  platformId: string
  id: string
  providerId: ProviderId
  name: string
  scope: "PLATFORM" | "PROJECT"
  /** Only with `PROJECT`. */
  projectIds?: string[]
  settings: Settings
  /** Random, new with each write of the configuration. */
  configId: string
  /** Grows by one with every update; for `If-Match` only. */
  version: number
}

/** A connection as it is stored. */
export interface ConnectionRecord extends ConnectionFacts {
  /** Random, new with each clear of the cache and each change of settings. */
  generation: string
  /** RFC 3339, UTC. */
  created: string
  updated: string
  config: EncryptedConfig
  /** The fields of the configuration that are not secret, sealed under the platform's key: listing them costs no call to KMS. */
  configView: Uint8Array
  mac: Uint8Array
  /**
   * Where the last successful test found the credentials to belong, if to AWS: events from there clear the cache. Absent once a
   * test has found them refused.
   */
  aws?: AwsPlace
  /** Absent until a secret for it was made. */
  webhook?: Webhook
}

declare const authenticated: unique symbol

/** A record whose MAC was verified: only `isAuthentic` makes one, and only one of these leads to a secret. */
export type AuthenticRecord = ConnectionRecord & { readonly [authenticated]: true }

/** By which a connection learns that secrets have changed. */
export interface Webhook {
  /** Sealed under the platform's key, as is the one `before`. */
  secret: Uint8Array
  before?: Uint8Array
  /** The webhook's clears of the last ten minutes and, however old, its last: the latest at the end. */
  clears: WebhookClear[]
}

export interface WebhookClear {
  /** Lower-case hex. */
  signature: string
  /** In milliseconds. */
  at: number
}

/** What a platform's own record holds. */
export interface PlatformRecord {
  platformId: string
  /** Wrapped by KMS. */
  rootKey: Uint8Array
  /** Random, new with each clear of the whole platform's cache. */
  generation: string
}
