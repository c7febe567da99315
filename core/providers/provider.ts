import type * as z from "zod/mini"
import type { Clock } from "../clock.ts"
import type { ProviderError } from "../errors.ts"
import type { Json } from "../json.ts"
import type { HttpClientFactory } from "../network/http.ts"
import type { ReferenceOptions } from "../references/reference-options.ts"
import type { Secret } from "../secret.ts"
import type { AwsDeployment } from "./aws/deployment.ts"

/** One field of a connection's configuration, as the console's form and the documentation show it. */
export interface ConfigField {
  name: string
  displayName: string
  description: string
  placeholder: string
  /** A `password` is secret: never shown, stored only under envelope encryption. */
  type: "text" | "password" | "url" | "select"
  optional: boolean
  options?: readonly { value: string; label: string }[]
  /** Decides where credentials are sent: when it changes, all secret fields must come again. */
  destination?: boolean
}

/** What an admin has to put into the secret manager for a connection of this platform. */
export interface ProviderFacts {
  externalId: string
  principalArn: string
}

/** One of the parts from which a picker builds a path. */
export interface SecretParam {
  name: string
  displayName: string
  placeholder: string
  optional: boolean
}

/** A path that this provider understands. */
export interface SecretRef {
  /** The canonical path without options: what allowed paths and usage are about. */
  path: string
  /** The unit that is fetched and cached, such as one Vault path and version. Canonical: equal strings, equal documents. */
  document: string
  /** One-time codes: fetched for every resolve, never kept. */
  uncached?: true
  /**
   * Takes the value out of the document's content.
   * @throws ProviderError `NOT_FOUND`, `INVALID_PATH`, `UNSUPPORTED_VALUE`
   */
  select(content: Json): string
}

/** What became of one document. An error here is an answer about this document alone. */
export type FetchResult = { ok: true; content: Json; version?: string } | { ok: false; error: ProviderError }

export interface CheckStep {
  /** `reach`, `TLS`, `authenticate`, `read`, or what else was tried. */
  name: string
  ok: boolean
  latencyMs?: number
  error?: ProviderError
}

export interface CheckWarning {
  code: string
  message: string
  /** RFC 3339: when what the warning is about happens, such as the end of a credential. */
  at?: string
}

/** The last step is the failing one, if any fails. Provider failures are steps, never thrown. */
export interface CheckReport {
  steps: CheckStep[]
  warnings: CheckWarning[]
  /** Absent where the credentials are none of AWS, or only an endpoint that the connection names says so. */
  aws?: AwsPlace
}

/** Where credentials of AWS belong, as AWS itself says: events of secrets there clear the connection's cache. */
export interface AwsPlace {
  /** 12 digits. */
  account: string
  region: string
}

export interface BrowsePage {
  data: { path: string; name: string; kind: "folder" | "secret" }[]
  next?: string
}

/** A login that several requests, resolves and instances share: a Vault token, a Conjur token, an assumed role. */
export interface Session {
  token: Secret
  /** When it ends, in milliseconds since the epoch, the margin taken off already. */
  expiresAt: number
  /** What was learnt with it and lasts as long, such as the version of a mount. Never secret. */
  notes: Readonly<Record<string, string>>
}

/** Authenticates. @throws ProviderError `BAD_CREDENTIALS` when the secret manager says the credentials are wrong. */
export type Login = (signal: AbortSignal) => Promise<Session>

export interface Sessions {
  /** A live session: from memory, else from the shared cache, else by `login`, at most one at a time across instances. */
  current(login: Login, signal: AbortSignal): Promise<Session>
  /**
   * Another session than `rejected`, which the secret manager no longer accepts: one that another instance has made
   * meanwhile, else by `login`.
   */
  replace(rejected: Session, login: Login, signal: AbortSignal): Promise<Session>
  /** Adds to a session's notes, for every later user of it. Returns the session with them. */
  note(session: Session, notes: Readonly<Record<string, string>>): Promise<Session>
}

export interface ProviderDeps {
  http: HttpClientFactory
  clock: Clock
  sessions: Sessions
  /** The platform that the connection belongs to: part of what Latchkey tells some secret managers about itself. */
  platformId: string
  /** What the deployment says about AWS. Absent: connections use access keys, at AWS's own endpoints. */
  aws?: AwsDeployment
}

export interface ProviderClient {
  /** Really authenticates, and reads what the configuration names for that; needs no more rights than fetching does. */
  check(signal: AbortSignal): Promise<CheckReport>
  /**
   * Fetches documents, batched where the secret manager can. Every document gets its own result; the promise rejects
   * only where none could be asked for (an abort, a failed login).
   * @throws ProviderError
   */
  fetch(documents: readonly string[], signal: AbortSignal): Promise<Map<string, FetchResult>>
  /** Lists names, never values. @throws ProviderError */
  browse?(prefix: string, cursor: string | undefined, signal: AbortSignal): Promise<BrowsePage>
}

export interface Provider<Config = unknown, Id extends string = string> {
  /** Stored with every connection: fixed for life. */
  id: Id
  name: string
  /** Path of the logo under the console's static files. */
  logo: string
  docsUrl: string
  fields: readonly ConfigField[]
  secretParams: readonly SecretParam[]
  /** `{name}[#{key}]`: a bracket goes where its parameter is empty. */
  pathTemplate: string
  /** Strict; made on first use, since building schemas costs milliseconds at a cold start. Secret fields parse to `Secret`. */
  config: () => z.ZodMiniType<Config>
  /** Undefined where this deployment has none. */
  facts?(platformId: string, deployment: Pick<ProviderDeps, "aws">): Promise<ProviderFacts | undefined>
  /** @throws ProviderError `INVALID_PATH`, saying what was expected */
  parsePath(path: string, options: ReferenceOptions): SecretRef
  /** Makes a client for one connection; touches no network yet. */
  open(config: Config, deps: ProviderDeps): ProviderClient
}

/** Fixes the configuration's type inside the provider's file; outside, providers are handled alike. */
export function defineProvider<Config, const Id extends string>(
  provider: Provider<Config, Id>,
): Provider<unknown, Id> {
  return provider as unknown as Provider<unknown, Id>
}
