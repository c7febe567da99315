import type { Reason } from "../../core/errors.ts"
import type { Provider } from "../../core/providers/provider.ts"
import type { ReferenceOptions } from "../../core/references/reference-options.ts"
import type { Canned, Recorded } from "./proxy.ts"

/** A secret that the server holds. */
export interface Written {
  path: string
  options?: ReferenceOptions
  value: string
}

type Reference = Pick<Written, "path" | "options">

export interface Switches {
  fail: Partial<Record<Reason, () => void>>
  /** Well again. */
  clear(): void
}

/** A secret manager with known content, for one describe block. */
export interface TestServer {
  url: string
  /** A connection's configuration, as an admin types it, that reaches the server at `url` and may read what is below, nothing else. */
  config(url: string): Record<string, unknown>
  /** The same with credentials that are wrong; unused where those cannot be shown. */
  wrongConfig(url: string): Record<string, unknown>
  /** Of one document, if the protocol knows documents with several values. The first has a text of some length. */
  siblings: readonly [Written, ...Written[]]
  /** In different documents: unicode, spaces, slashes, `%`, `?`, `#`, `+` in names; an empty string; what else is peculiar. */
  others: readonly Written[]
  missing: string
  /** Unused where denial cannot be shown. */
  denied: string
  deleted?: string
  /** References that cannot be, by their path or by their options. */
  malformed: readonly Reference[]
  /** What is there, and cannot be given as these references want it. */
  unsupported: readonly Reference[]
  /** In a place that gives something else than secrets. */
  wrongEngine?: string
  binary?: Written
  browsing?: Browsing
  /** Every credential that the configurations contain. */
  credentials: readonly string[]
  /** Makes the server forget every session. */
  expireSessions?(): Promise<void>
  seal?(): Promise<void>
  unseal?(): Promise<void>
  /** What makes the server itself fail, by the reason that this must be told as. */
  switches?: Switches
  stop(): Promise<void>
}

/** What is needed to see names being listed. `siblings` and `others` must be among what is found from the root. */
export interface Browsing {
  /** As `config` of the server, of a connection that may list too. */
  config(url: string): Record<string, unknown>
  /** A folder whose entries need more than one page, and their names. */
  long: { prefix: string; names: readonly string[] }
  /** Whether a path of the server's is listed by itself; one that is not is a part of one that is. Default: all are. */
  lists?(path: string): boolean
  /** A prefix that a connection that may not list is denied, where the secret manager denies rather than hides. */
  denied?: string
}

/** What not every server can show. */
export type Ability =
  | "deleted"
  | "denied"
  | "wrongCredentials"
  | "passingCheck"
  | "wrongEngine"
  | "switches"
  | "binary"
  | "login"
  | "expireSessions"
  | "seal"
  | "caCertificate"
  | "browse"
  | "deniedBrowse"

export interface Subject {
  /** The server's name, for the tests' titles. */
  name: string
  provider: Provider
  start(): Promise<TestServer>
  /** What this server cannot show, and why; it is listed among the tests. */
  cannot: Partial<Record<Ability, string>>
  /** Whether requests are signed with the host that they are for, which a proxy must then pass on. */
  signsHost?: boolean
  /** Whether a request reads secrets, as opposed to logging in or asking for what is around them. */
  isRead(request: Recorded): boolean
  /** How this protocol says that there were too many requests. */
  throttled: Canned
  /** Every variable that the vendor's software would read; values that must not be sent contain `environment`. */
  environment: Record<string, string>
}
