import { randomBytes } from "node:crypto"

/** Everything a server knows. Ids are full ones: `account:kind:identifier`. */
export interface ConjurState {
  account: string
  /** What tokens are signed with, in base64. A new one ends them all. */
  signingKey: string
  roles: Map<string, Role>
  resources: Map<string, Resource>
  /** By service id: what follows `conjur/authn-jwt/`. */
  authenticators: Map<string, JwtAuthenticator>
  /** The login that a sandbox connection uses. */
  connection: { loginId: string; apiKey: string }
}

export interface Role {
  /** Hosts and users have one. */
  apiKey?: string
  /** Users may have one. */
  password?: string
  /** The roles it was granted, directly. */
  memberOf: string[]
  createdAt: string
}

export interface Resource {
  owner: string
  policy: string
  createdAt: string
  permissions: { privilege: string; role: string }[]
  annotations: { name: string; value: string }[]
  /** Of a variable: the latest twenty values, oldest first. */
  secrets: { version: number; base64: string }[]
}

export interface JwtAuthenticator {
  /** PEM, any of which may have signed. */
  publicKeys: string[]
  issuer?: string
  audience?: string
  /** The claim that names the host; without it the login is in the URL. */
  tokenAppProperty?: string
  /** Policy branch of hosts that a claim names. */
  identityPath?: string
}

export function newState(account: string): ConjurState {
  return {
    account,
    signingKey: newSigningKey(),
    roles: new Map(),
    resources: new Map(),
    authenticators: new Map(),
    connection: { loginId: "", apiKey: "" },
  }
}

export const newSigningKey = (): string => randomBytes(32).toString("base64")

/** The state as JSON. It holds every secret and credential: whoever stores it makes the file private. */
export function writeState(state: ConjurState): string {
  return JSON.stringify(state, (_key, value) => (value instanceof Map ? { $map: [...value] } : value))
}

/** What `writeState` wrote. Secret values are text in there, so no one's data can be mistaken for a Map. */
export function readState(json: string): ConjurState {
  return JSON.parse(json, (_key, value) =>
    Array.isArray(value?.$map) ? new Map(value.$map) : value,
  ) as ConjurState
}
