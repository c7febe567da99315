import type { ProviderId } from "../../../core/providers/registry.ts"
import type { RecordingProxy } from "../../conformance/proxy.ts"
import type { Canaries } from "./search.ts"

export interface Config {
  readonly [field: string]: unknown
}

/** The configuration of a platform's connection, with a canary in every field of its own. */
export type Way = (platformId: string) => Promise<Config>

export interface Known {
  path: string
  /** As they stand behind a path: `?pointer=/part`. */
  options?: string
  value: string
}

/** A secret manager full of canaries, and every way to connect to it. */
export interface Target {
  providerId: ProviderId
  /** What stands before it, and before what is asked on the way to it. */
  wires: readonly RecordingProxy[]
  /** By the way's name. All fields are in one or the other. The first one meets every fault. */
  ways: Readonly<Record<string, Way>>
  /** Fields that do their work without being sent, each with another text by which the connection fails. */
  unsent: Readonly<Record<string, string>>
  /** What can be resolved, `text` alone, `part` of JSON. */
  known: Readonly<Record<"text" | "part", Known>> & Readonly<Record<string, Known>>
  /** References that fail, each for another reason. */
  failing: readonly string[]
  /** Where browsing finds `text`. */
  prefix: string
  /** What is kept there, and not only what is resolved. */
  values: Canaries
  /** No secrets, but nobody's business outside audit and usage. */
  names: Canaries
  /** The credentials that it has made on the way. */
  made(): Canaries
  /** What else may go wrong, for those who come by the named way; gives what ends it. */
  failures?: Readonly<Record<string, { way: string; begin(words: string): () => void }>>
  /** Whether what Latchkey itself depends on fails, too: one secret manager is enough for that. */
  outages?: true
  /** What the functions are told of it. */
  environment?: Record<string, string>
  /** That a secret has changed, where it tells that. */
  event?: object
  stop(): Promise<void>
}
