import type { AwsPlace } from "../providers/provider.ts"
import type { ConnectionRecord, PlatformRecord, WebhookClear } from "./connection.ts"

/** What one consistent read saw. What is not in it does not exist. */
export interface Snapshot {
  platform?: PlatformRecord
  connections: ReadonlyMap<string, ConnectionRecord>
}

/** A page of a platform's connections in the order of their ids. */
export interface ConnectionPage {
  connections: ConnectionRecord[]
  /** Whether there are more behind the last, in the direction asked for. */
  more: boolean
}

/** What a change may set. Everything it does not name stays as it is, whoever changed it meanwhile. */
export type ConnectionChange = Pick<
  ConnectionRecord,
  "name" | "scope" | "projectIds" | "settings" | "configId" | "version" | "updated" | "mac"
> &
  Partial<Pick<ConnectionRecord, "generation" | "config" | "configView" | "aws">>

/** What a successful test of a saved connection found, under which configuration. */
export interface TestedPlace {
  configId: string
  aws: AwsPlace
}

/** Where connections live. Every call names the platform. All throw LatchkeyError `UNAVAILABLE` when the store cannot be reached. */
export interface ConnectionStore {
  /** Strongly consistent, one request for up to 99 connections and the platform's own record. */
  read(platformId: string, ids: readonly string[], signal?: AbortSignal): Promise<Snapshot>
  /** Strongly consistent; never scans. `after` is an id, exclusive; `backward` walks towards smaller ids, still answering in ascending order. */
  page(
    platformId: string,
    options: { limit: number; after?: string; backward?: boolean },
  ): Promise<ConnectionPage>
  count(platformId: string): Promise<number>
  /** @throws LatchkeyError `CONFLICT` if the id is taken by another request */
  create(record: ConnectionRecord, requestId: string): Promise<void>
  /** False if the record is no longer of the expected `version` and `configId`. */
  update(
    record: { platformId: string; id: string },
    expected: { version: number; configId: string },
    change: ConnectionChange,
    requestId: string,
  ): Promise<boolean>
  /** Whether or not it is there. */
  delete(platformId: string, id: string): Promise<void>
  /**
   * Gives the connection, or without `id` the whole platform, a new generation, and the connection in the same write where its
   * credentials belong. False if it does not exist, or what was `tested` is no longer its configuration.
   */
  renew(
    platformId: string,
    id: string | undefined,
    generation: string,
    tested?: TestedPlace,
  ): Promise<boolean>
  /** Forgets where the connection's credentials belong, if it still has this configuration and generation. */
  forgetPlace(record: Pick<ConnectionRecord, "platformId" | "id" | "configId" | "generation">): Promise<void>
  /** Stores a sealed secret for the connection's webhook; what it had is then the one before. False if it does not exist. */
  setWebhookSecret(platformId: string, id: string, sealed: Uint8Array): Promise<boolean>
  /**
   * Gives the connection a new generation and, in the same write, its webhook the `clears`. False if that has others than it
   * `was` read with, or the connection does not exist.
   */
  clearByWebhook(
    platformId: string,
    id: string,
    change: { was: readonly WebhookClear[]; clears: readonly WebhookClear[] },
    generation: string,
  ): Promise<boolean>
  /**
   * Gives the connection a new generation for an event, `at` milliseconds. False if its last clear by an event was at
   * `effectiveFrom` or later, or it does not exist.
   */
  clearByEvent(
    platformId: string,
    id: string,
    clear: { at: number; effectiveFrom: number },
    generation: string,
  ): Promise<boolean>
  /** The platform's record, created from `fresh` if it has none. */
  ensurePlatform(fresh: PlatformRecord): Promise<PlatformRecord>
}
