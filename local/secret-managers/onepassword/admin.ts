import { demoItems } from "./demo.ts"
import { toStoredItem } from "./items.ts"
import { ConnectError, type JsonObject } from "./protocol.ts"
import type { World } from "./router.ts"
import { newId, type StoredField, type StoredItem } from "./state.ts"
import { createToken } from "./tokens.ts"

/** What people do in 1Password's apps, and `op connect` on the command line: uncounted and without faults. */
export interface OnePasswordAdmin {
  /** Gives the vault's id. */
  createVault(name: string): string
  renameVault(vaultId: string, name: string): void
  /** An item in the shape of `FullItem`; the vault and what has a default may be left out. Gives the item's id. */
  createItem(vaultId: string, item: JsonObject, id?: string): string
  /** Sets some of an item's attributes. */
  updateItem(
    itemId: string,
    changes: Partial<Pick<StoredItem, "title" | "state" | "fields" | "sections">>,
  ): void
  /** Gives the file's id. */
  attachFile(itemId: string, file: { name: string; content: Buffer; sectionId?: string }): string
  /** A token for these vaults, to read alone unless said otherwise. */
  createToken(vaultIds: readonly string[], options?: { write?: boolean; expiresAt?: number }): string
  revokeToken(token: string): void
  /** The ids of vaults by name, items by title. */
  idOf(vault: string, item?: string): string
  /** The value at a reference by names, `op://vault/item/[section/]field`. */
  read(path: string): string
  /** Gives the demo secrets new values, or one of them by its reference; `value` says which, and then any will do. */
  rotate(path?: string, value?: string): string[]
}

export function createAdmin({ state, clock }: World): OnePasswordAdmin {
  const now = () => new Date(clock.now()).toISOString().replace(/\.\d+/, "")

  function itemOf(itemId: string): StoredItem {
    const item = state.items.find(({ id }) => id === itemId)
    if (item === undefined) throw new ConnectError(404, `item ${itemId} not found`)
    return item
  }

  function touch(item: StoredItem): void {
    item.version++
    item.updatedAt = now()
  }

  const admin: OnePasswordAdmin = {
    createVault(name) {
      const id = newId()
      state.vaults.push({
        id,
        name,
        description: "",
        attributeVersion: 1,
        contentVersion: 1,
        type: "USER_CREATED",
        createdAt: now(),
        updatedAt: now(),
      })
      return id
    },

    renameVault(vaultId, name) {
      const vault = state.vaults.find(({ id }) => id === vaultId)
      if (vault === undefined) throw new ConnectError(404, `vault ${vaultId} not found`)
      vault.name = name
      vault.attributeVersion++
    },

    createItem(vaultId, item, id = newId()) {
      const stored = toStoredItem({ category: "LOGIN", ...item }, { vaultId, now: clock.now() })
      state.items.push({ ...stored, id })
      return id
    },

    updateItem(itemId, changes) {
      const item = itemOf(itemId)
      Object.assign(item, changes)
      touch(item)
    },

    attachFile(itemId, { name, content, sectionId }) {
      const item = itemOf(itemId)
      const id = newId()
      const section = sectionId === undefined ? {} : { section: { id: sectionId } }
      item.files.push({ id, name, content: content.toString("base64"), ...section })
      touch(item)
      return id
    },

    createToken: (vaultIds, { write = false, expiresAt } = {}) =>
      createToken(
        state,
        vaultIds.map((id) => ({ id, write })),
        { now: clock.now(), ...(expiresAt === undefined ? {} : { expiresAt }) },
      ),

    revokeToken(token) {
      state.tokens = state.tokens.filter((known) => known.token !== token)
    },

    idOf(vaultName, title) {
      const vault = state.vaults.find(({ name }) => name === vaultName)
      const item = state.items.find((known) => known.title === title && known.vault.id === vault?.id)
      const id = title === undefined ? vault?.id : item?.id
      if (id === undefined) throw new ConnectError(404, `${vaultName} ${title ?? ""} not found`)
      return id
    },

    read: (path) => fieldAt(path).field.value ?? "",

    rotate(path, value) {
      const fresh = new Map(demoItems().flatMap(({ secrets }) => secrets))
      const paths = path === undefined ? [...fresh.keys()] : [path]
      for (const reference of paths) {
        const renewed = value ?? fresh.get(reference)
        if (renewed === undefined)
          throw new ConnectError(404, `${reference} is no demo secret: give its new "value" as well`)
        const { item, field } = fieldAt(reference)
        field.value = renewed
        touch(item)
      }
      return paths
    },
  }

  function fieldAt(path: string): { item: StoredItem; field: StoredField } {
    const [vault = "", title = "", ...rest] = path.replace("op://", "").split("/")
    const item = itemOf(admin.idOf(vault, title))
    const field = item.fields.find(({ id, label }) => id === rest.at(-1) || label === rest.at(-1))
    if (field === undefined) throw new ConnectError(404, `${path} not found`)
    return { item, field }
  }
  return admin
}

/** The vault and token of a new sandbox, and its items where they are wanted. Gives the token of its connection. */
export function furnish(admin: OnePasswordAdmin, withItems: boolean): string {
  const production = admin.createVault("Production")
  const restricted = admin.createVault("Restricted")
  if (withItems) {
    for (const { vault, item, files } of demoItems()) {
      const itemId = admin.createItem(vault === "Production" ? production : restricted, item)
      for (const file of files) admin.attachFile(itemId, file)
    }
  }
  return admin.createToken([production])
}
