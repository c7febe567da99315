import type { Clock } from "../../../core/clock.ts"
import type { Json } from "../../../core/json.ts"
import type { Faults } from "./faults.ts"
import type { Namespace, Token, VaultState } from "./state.ts"

/** What policies are about. An HTTP `POST` or `PUT` is a `create` where the engine says that nothing is there yet. */
export type Operation = "create" | "read" | "update" | "patch" | "delete" | "list"

/** One request, as an engine or auth method sees it. */
export interface Call {
  state: VaultState
  namespace: Namespace
  clock: Clock
  faults: Faults
  operation: Operation
  /** Below the namespace, decoded, without a slash in front: `secret/data/app`. A list ends in a slash. */
  path: string
  /** Of the mount that serves it, with a slash behind: `secret/`, `auth/approle/`. */
  mountPath: string
  /** Below the mount: `data/app`. */
  rest: string
  query: URLSearchParams
  body: { [key: string]: Json }
  /** The body as it came, for those who keep numbers exactly as they were written. */
  text: string
  /** Absent only on the paths that need none. */
  token?: Token
}

/** An answer before it becomes HTTP: `body` absent is 204's empty one. */
export interface Answer {
  status: number
  body?: object
  /** A body with Vault's envelope: the request id goes in where it is sent. */
  enveloped?: true
}

/** What Vault says in its `errors` array. */
export class VaultError extends Error {
  readonly status: number
  readonly errors: readonly string[]

  constructor(status: number, ...errors: string[]) {
    super(errors.join("; "))
    this.status = status
    this.errors = errors
  }
}

/** Go's multierror, in which Vault wraps what its core, not an engine, has to say. */
export function coreError(status: number, ...errors: string[]): VaultError {
  const count = errors.length === 1 ? "1 error" : `${errors.length} errors`
  return new VaultError(status, `${count} occurred:\n${errors.map((text) => `\t* ${text}\n`).join("")}\n`)
}

export const notFound = (): VaultError => new VaultError(404)
export const permissionDenied = (): VaultError => coreError(403, "permission denied")
/** A token that is revoked, expired or made up, as documented since Vault 1.17; older ones leave out the second line. */
export const invalidToken = (): VaultError => coreError(403, "permission denied", "invalid token")
export const unsupportedPath = (): VaultError => coreError(404, "unsupported path")
export const unsupportedOperation = (): VaultError => coreError(405, "unsupported operation")

export interface Auth {
  client_token: string
  accessor: string
  policies: string[]
  token_policies: string[]
  metadata: Record<string, string> | null
  lease_duration: number
  renewable: boolean
  entity_id: string
  token_type: string
  orphan: boolean
  mfa_requirement: null
  num_uses: number
}

interface Envelope {
  lease_id?: string
  renewable?: boolean
  /** Seconds. */
  lease_duration?: number
  warnings?: string[]
  auth?: Auth
}

/** The envelope of every answer that an engine or auth method gives. */
export function reply(data: object | null, envelope: Envelope = {}, status = 200): Answer {
  return {
    status,
    enveloped: true,
    body: {
      lease_id: envelope.lease_id ?? "",
      renewable: envelope.renewable ?? false,
      lease_duration: envelope.lease_duration ?? 0,
      data,
      wrap_info: null,
      warnings: envelope.warnings ?? null,
      auth: envelope.auth ?? null,
    },
  }
}

export const noContent: Answer = { status: 204 }

/** The names directly under a folder, folders with a slash behind, in order; nothing there is a 404. */
export function listing(paths: Iterable<string>, folder: string): Answer {
  const keys = new Set<string>()
  for (const path of paths) {
    if (!path.startsWith(folder)) continue
    const [name = "", ...deeper] = path.slice(folder.length).split("/")
    keys.add(deeper.length > 0 ? `${name}/` : name)
  }
  if (keys.size === 0) throw notFound()
  return reply({ keys: [...keys].sort() })
}
