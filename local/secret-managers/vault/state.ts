import { randomBytes, randomInt, randomUUID } from "node:crypto"
import type { AwsPrincipal } from "./aws-sts.ts"

/** Everything the server knows, as plain data and Maps: it can be written down as JSON and read back. */
export interface VaultState {
  rootToken: string
  /** Base64; the one key that unseals. */
  unsealKey: string
  clusterId: string
  sealed: boolean
  /** What the sandbox's own connection logs in with. */
  connection: { roleId: string; secretId: string }
  /** By path, `""` for the root, `team/` and `team/app/` for others. */
  namespaces: Map<string, Namespace>
  tokens: Map<string, Token>
}

export interface Namespace {
  path: string
  /** Ends the tokens of this namespace; empty for the root. */
  id: string
  /** Secret engines by path with a slash behind: `secret/`. */
  mounts: Map<string, Mount>
  /** Auth methods likewise: `approle/`. */
  auth: Map<string, AuthMount>
  /** Policies by name, as they were written. */
  policies: Map<string, string>
}

interface Mounted {
  description: string
  accessor: string
  uuid: string
}

export type Mount = Mounted &
  (
    | { type: "kv"; version: 1; values: Map<string, string> }
    | { type: "kv"; version: 2; entries: Map<string, KvEntry>; maxVersions: number; casRequired: boolean }
    | { type: "database"; roles: Map<string, { ttl: number }> }
    | { type: "cubbyhole" | "identity" | "system" }
  )

export interface KvEntry {
  current: number
  createdAt: string
  updatedAt: string
  maxVersions: number
  casRequired: boolean
  deleteVersionAfter: string
  customMetadata?: Record<string, string>
  versions: Map<number, KvVersion>
}

export interface KvVersion {
  /** The value as JSON text; gone once destroyed. */
  data?: string
  createdAt: string
  /** RFC 3339, may be in the future; empty while not deleted. */
  deletionTime: string
  destroyed: boolean
}

export type AuthMount = Mounted &
  (
    | { type: "token" }
    | { type: "approle"; roles: Map<string, AppRole> }
    | { type: "userpass"; users: Map<string, TokenFields & { password: string }> }
    | {
        type: "aws"
        /** `iam_server_id_header_value`; empty: none is asked for. */
        serverId: string
        stsEndpoint: string
        roles: Map<string, AwsRole>
        /** By access key id: what AWS knows, for the sandbox. */
        principals: Map<string, AwsPrincipal>
      }
    | { type: "jwt"; publicKeys: string[]; boundIssuer: string; roles: Map<string, JwtRole> }
  )

/** What the tokens of a role are like. Times in seconds, 0 for the default. */
export interface TokenFields {
  policies: string[]
  ttl: number
  maxTtl: number
  explicitMaxTtl: number
  numUses: number
  noDefaultPolicy: boolean
  type: "service" | "batch"
}

export interface AppRole extends TokenFields {
  roleId: string
  bindSecretId: boolean
  secretIdNumUses: number
  secretIdTtl: number
  secretIds: Map<string, SecretId>
}

export interface SecretId {
  accessor: string
  /** Uses left; absent for any number. */
  usesLeft?: number
  /** Milliseconds since the epoch; absent for never. */
  expiresAt?: number
  createdAt: string
}

export interface JwtRole extends TokenFields {
  boundAudiences: string[]
  boundSubject: string
  userClaim: string
}

export interface AwsRole extends TokenFields {
  /** ARNs, the last characters of which may be `*`. */
  principals: string[]
}

export interface Token {
  id: string
  accessor: string
  namespace: string
  type: "service" | "batch"
  policies: string[]
  displayName: string
  /** Where it was made: `auth/approle/login`. */
  path: string
  metadata: Record<string, string> | null
  entityId: string
  orphan: boolean
  parent?: string
  renewable: boolean
  /** Seconds it was made for, 0 for ever. */
  creationTtl: number
  maxTtl: number
  explicitMaxTtl: number
  /** Milliseconds since the epoch. */
  createdAt: number
  expiresAt?: number
  /** Absent for any number. */
  usesLeft?: number
  cubbyhole: Map<string, string>
}

/** Lower and upper case letters and digits, as in Vault's tokens, accessors and lease ids. */
export function randomText(length: number): string {
  const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
  return Array.from({ length }, () => letters[randomInt(letters.length)]).join("")
}

export function mounted(type: string, description = ""): Mounted {
  return { description, accessor: `${type}_${randomBytes(4).toString("hex")}`, uuid: randomUUID() }
}

/** A namespace with what every namespace has. */
export function newNamespace(path: string): Namespace {
  return {
    path,
    id: path === "" ? "" : randomText(6),
    mounts: new Map<string, Mount>([
      ["cubbyhole/", { type: "cubbyhole", ...mounted("cubbyhole", "per-token private secret storage") }],
      ["identity/", { type: "identity", ...mounted("identity", "identity store") }],
      [
        "sys/",
        {
          type: "system",
          ...mounted("system", "system endpoints used for control, policy and debugging"),
        },
      ],
    ]),
    auth: new Map<string, AuthMount>([
      ["token/", { type: "token", ...mounted("auth_token", "token based credentials") }],
    ]),
    policies: new Map([["default", defaultPolicy]]),
  }
}

/** A fresh server, unsealed, with nothing but a root token. */
export function newState(): VaultState {
  return {
    rootToken: `hvs.${randomText(24)}`,
    unsealKey: randomBytes(32).toString("base64"),
    clusterId: randomUUID(),
    sealed: false,
    connection: { roleId: "", secretId: "" },
    namespaces: new Map([["", newNamespace("")]]),
    tokens: new Map(),
  }
}

/** The state as JSON. It holds every secret and credential: whoever stores it makes the file private. */
export function writeState(state: VaultState): string {
  return JSON.stringify(state, (_key, value) => (value instanceof Map ? { $map: [...value] } : value))
}

/** What `writeState` wrote. Secret values are text in there, so no one's data can be mistaken for a Map. */
export function readState(json: string): VaultState {
  return JSON.parse(json, (_key, value) =>
    Array.isArray(value?.$map) ? new Map(value.$map) : value,
  ) as VaultState
}

/** What Vault grants to every token made without `no_default_policy`, less what this server does not have. */
const defaultPolicy = `
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/renew-self" { capabilities = ["update"] }
path "auth/token/revoke-self" { capabilities = ["update"] }
path "sys/capabilities-self" { capabilities = ["update"] }
path "cubbyhole/*" { capabilities = ["create", "read", "update", "delete", "list"] }
`
