import { randomBytes } from "node:crypto"

/** Fields as they are stored; what is computed at a read (`totp`, a generated value) is not among it. */
export interface StoredField {
  id: string
  type: string
  label?: string
  purpose?: string
  value?: string
  section?: { id: string; label?: string }
}

export interface StoredFile {
  id: string
  name: string
  /** Base64. */
  content: string
  section?: { id: string }
}

export interface StoredItem {
  id: string
  title: string
  category: string
  vault: { id: string }
  tags: string[]
  urls: { href: string; label?: string; primary?: boolean }[]
  favorite: boolean
  version: number
  state?: "ARCHIVED" | "DELETED"
  createdAt: string
  updatedAt: string
  lastEditedBy: string
  sections: { id: string; label?: string }[]
  fields: StoredField[]
  files: StoredFile[]
}

export interface StoredVault {
  id: string
  name: string
  description: string
  attributeVersion: number
  contentVersion: number
  type: "USER_CREATED" | "PERSONAL" | "EVERYONE" | "TRANSFER"
  createdAt: string
  updatedAt: string
}

export interface StoredToken {
  token: string
  /** The vaults in its scope. */
  vaults: { id: string; write: boolean }[]
  /** Milliseconds since the epoch. */
  expiresAt?: number
}

export interface State {
  vaults: StoredVault[]
  items: StoredItem[]
  tokens: StoredToken[]
  /** The token of the sandbox's own connection. */
  connection: string
}

export const newState = (): State => ({ vaults: [], items: [], tokens: [], connection: "" })

const format = 1

export const writeState = (state: State): string => JSON.stringify({ format, ...state })

/** @throws Error where the text is not what `writeState` gave */
export function readState(text: string): State {
  const { format: written, ...state } = JSON.parse(text)
  if (written !== format) throw new Error("The state of the sandbox's 1Password is of another version.")
  return { ...newState(), ...state }
}

/** 26 lower-case letters and digits, as 1Password's ids of vaults, items, fields and files. */
export function newId(): string {
  const alphabet = "abcdefghijklmnopqrstuvwxyz234567"
  return Array.from(randomBytes(26), (byte) => alphabet[byte % 32]).join("")
}
