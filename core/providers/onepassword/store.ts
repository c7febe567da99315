import type { Phase } from "../../network/http.ts"

/** 1Password's ids of vaults, items and files. A title can look like one. */
export const isId = (text: string): boolean => /^[a-z0-9]{26}$/.test(text)

export interface Named {
  id: string
  title: string
}

/** A field of an item, or a file attached to it: both stand where a reference names a field. */
export interface Part {
  kind: "field" | "file"
  id: string
  /** A file's name. */
  label: string
  /** The id of the section that it is in. */
  section?: string
  /** In lower case, as 1Password's command line prints it. */
  type: string
  purpose?: string
  /** Of fields. */
  value?: string
  /** The one-time code of this moment, of fields that have one. */
  code?: string
  /** Of files, in bytes. */
  size?: number
}

export interface Item extends Named {
  version: string
  /** In the archive, or deleted: 1Password still knows it, but what refers to it is not meant to work. */
  archived: boolean
  sections: Named[]
  parts: Part[]
}

/**
 * What both ways into 1Password can be asked, by id save where it says `Named`. Titles are compared by whoever asked: an
 * answer may have more than what was meant.
 * @throws ProviderError `NOT_FOUND` or `PERMISSION_DENIED` about the vault or item, all else about the connection
 */
export interface OnePassword {
  vaults(): Promise<Named[]>
  vault(id: string): Promise<Named>
  vaultsNamed(title: string): Promise<Named[]>
  /** Titles only, of those that are not archived. */
  items(vaultId: string): Promise<Named[]>
  item(vaultId: string, itemId: string): Promise<Item>
  itemsNamed(vaultId: string, title: string): Promise<Item[]>
  file(vaultId: string, itemId: string, file: Part): Promise<Uint8Array>
}

/** Makes one for the time of a request. `onPhase` is told how far the first contact has come, where that can be seen. */
export type Reach = (signal: AbortSignal, onPhase?: (phase: Phase) => void) => OnePassword
