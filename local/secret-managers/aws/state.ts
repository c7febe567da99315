import { randomBytes, randomInt, randomUUID } from "node:crypto"

/** Everything the server knows, as plain data and Maps: it can be written down as JSON and read back. */
export interface AwsState {
  /** What the sandbox's own connection signs with. */
  connection: AccessKey
  /** Who may do anything in the account of the secrets. */
  admin: AccessKey
  /** By access key id. */
  users: Map<string, User>
  /** By ARN. */
  roles: Map<string, Role>
  /** What assumed roles sign with, by access key id. */
  sessions: Map<string, RoleSession>
  /** By account, region and name: `111122223333/us-east-1/prod/db`. */
  secrets: Map<string, StoredSecret>
  /** Of Parameter Store, likewise. */
  parameters: Map<string, StoredParameter>
}

export interface AccessKey {
  accessKeyId: string
  secretAccessKey: string
}

export interface User extends AccessKey {
  arn: string
  id: string
  policy: Policy
}

export interface Role {
  arn: string
  id: string
  /** ARNs, or a whole account's: `arn:aws:iam::123456789012:root`. */
  trusts: string[]
  /** What `sts:ExternalId` must equal, where the trust policy says so. */
  externalId?: string
  policy: Policy
}

export interface RoleSession extends AccessKey {
  sessionToken: string
  /** `arn:aws:sts::123456789012:assumed-role/role/session`. */
  arn: string
  id: string
  policies: Policy[]
  /** Milliseconds since the epoch. */
  expiresAt: number
}

/** An IAM policy, of the elements that this server knows. */
export interface Policy {
  Version?: string
  Statement: Statement[]
}

export interface Statement {
  Sid?: string
  Effect: "Allow" | "Deny"
  Action: string | string[]
  Resource: string | string[]
  Condition?: object
}

export interface StoredSecret {
  arn: string
  name: string
  description: string
  /** Seconds since the epoch, as all times here. */
  created: number
  changed: number
  /** When it was scheduled for deletion; absent while it is not. */
  deleted?: number
  versions: Map<string, SecretVersion>
}

export interface SecretVersion {
  string?: string
  /** Base64. */
  binary?: string
  created: number
  stages: string[]
}

export interface StoredParameter {
  arn: string
  name: string
  type: "String" | "StringList" | "SecureString"
  /** The first is version 1. */
  versions: { value: string; created: number; labels: string[] }[]
}

export const account = "111122223333"
/** Where Latchkey would run. */
export const otherAccount = "444455556666"

export function randomText(length: number, letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"): string {
  return Array.from({ length }, () => letters[randomInt(letters.length)]).join("")
}

/** `AKIA` for a user's key, `ASIA` for a session's. */
export function newAccessKey(prefix: "AKIA" | "ASIA"): AccessKey {
  return { accessKeyId: prefix + randomText(16), secretAccessKey: randomBytes(30).toString("base64") }
}

export function newUser(name: string, policy: Policy, ofAccount = account): User {
  return {
    ...newAccessKey("AKIA"),
    arn: `arn:aws:iam::${ofAccount}:user/${name}`,
    id: `AIDA${randomText(17)}`,
    policy,
  }
}

export const newVersionId = (): string => randomUUID()

export function newState(): AwsState {
  const everything: Policy = { Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] }
  const admin = newUser("admin", everything)
  return {
    connection: { accessKeyId: "", secretAccessKey: "" },
    admin: { accessKeyId: admin.accessKeyId, secretAccessKey: admin.secretAccessKey },
    users: new Map([[admin.accessKeyId, admin]]),
    roles: new Map(),
    sessions: new Map(),
    secrets: new Map(),
    parameters: new Map(),
  }
}

/** The state as JSON. It holds every secret and credential: whoever stores it makes the file private. */
export function writeState(state: AwsState): string {
  return JSON.stringify(state, (_key, value) => (value instanceof Map ? { $map: [...value] } : value))
}

/** What `writeState` wrote. Secret values are text in there, so no one's data can be mistaken for a Map. */
export function readState(json: string): AwsState {
  return JSON.parse(json, (_key, value) =>
    Array.isArray(value?.$map) ? new Map(value.$map) : value,
  ) as AwsState
}
