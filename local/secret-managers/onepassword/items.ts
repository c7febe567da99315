import { randomBytes } from "node:crypto"
import { isObject, type Json, own } from "../../../core/json.ts"
import { ConnectError, type JsonObject } from "./protocol.ts"
import { newId, type StoredField, type StoredFile, type StoredItem } from "./state.ts"
import { totpCode } from "./totp.ts"

/** `Item` of the specification: what lists show. */
export function summaryOf(item: StoredItem): object {
  const { sections: _, fields: __, files: ___, ...summary } = item
  return summary
}

/** `FullItem`. Empty lists are left out, as are empty values: so does Go's encoder, in which Connect is written. */
export function fullOf(item: StoredItem, now: number): object {
  const { sections, fields, files, ...summary } = item
  return {
    ...summary,
    ...(sections.length > 0 ? { sections } : {}),
    ...(fields.length > 0 ? { fields: fields.map((field) => fieldOf(field, now)) } : {}),
    ...(files.length > 0 ? { files: files.map((file) => fileOf(item, file)) } : {}),
  }
}

/** `File`; its content only where it was asked for. */
export function fileOf(item: StoredItem, file: StoredFile, inline = false): object {
  const { id, name, content, section } = file
  return {
    id,
    name,
    size: Buffer.byteLength(content, "base64"),
    content_path: `/v1/vaults/${item.vault.id}/items/${item.id}/files/${id}/content`,
    ...(section ? { section } : {}),
    ...(inline ? { content } : {}),
  }
}

/**
 * What a client wrote, as an item. Ids that it leaves out are made; of `generate` comes a value.
 * @throws ConnectError 400
 */
export function toStoredItem(
  body: JsonObject,
  { vaultId, now, before }: { vaultId: string; now: number; before?: StoredItem },
): StoredItem {
  const vault = own(body, "vault")
  if (isObject(vault) && own(vault, "id") !== vaultId)
    throw new ConnectError(400, "Item vault does not match the vault in the path")
  const category = textIn(body, "category")
  if (category === undefined || !categories.has(category))
    throw new ConnectError(400, "Invalid item category")
  const time = new Date(now).toISOString().replace(/\.\d+/, "")
  return {
    id: before?.id ?? newId(),
    title: textIn(body, "title") ?? "",
    category,
    vault: { id: vaultId },
    tags: listIn(body, "tags").map(String),
    urls: listIn(body, "urls").filter(isObject) as unknown as StoredItem["urls"],
    favorite: own(body, "favorite") === true,
    version: (before?.version ?? 0) + 1,
    createdAt: before?.createdAt ?? time,
    updatedAt: time,
    lastEditedBy: "K7ZPUXWAVFGVFN2BVFYHXJVBKM",
    sections: listIn(body, "sections")
      .filter(isObject)
      .map((section) => ({ id: textIn(section, "id") ?? newId(), ...labelIn(section) })),
    fields: listIn(body, "fields").filter(isObject).map(toStoredField),
    files: before?.files ?? [],
  }
}

function toStoredField(field: JsonObject): StoredField {
  const written = (textIn(field, "type") ?? "STRING").toUpperCase()
  const type = written === "TOTP" ? "OTP" : written
  if (!fieldTypes.has(type)) throw new ConnectError(400, "Invalid field type")
  const section = own(field, "section")
  const sectionId = isObject(section) ? textIn(section, "id") : undefined
  const purpose = textIn(field, "purpose")
  const value = textIn(field, "value") ?? (own(field, "generate") === true ? generate(field) : undefined)
  return {
    id: textIn(field, "id") ?? newId(),
    type,
    ...labelIn(field),
    ...(purpose ? { purpose } : {}),
    ...(value ? { value } : {}),
    ...(sectionId === undefined ? {} : { section: { id: sectionId } }),
  }
}

function fieldOf(field: StoredField, now: number): object {
  const code = field.type === "OTP" && field.value ? totpCode(field.value, now) : undefined
  return code === undefined ? field : { ...field, totp: code }
}

/** A random value for a `recipe`, letters and digits where it names no character sets. */
function generate(field: JsonObject): string {
  const recipe = own(field, "recipe")
  const length = isObject(recipe) ? Number(own(recipe, "length") ?? 32) : 32
  const sets = isObject(recipe) ? listIn(recipe, "characterSets").map(String) : []
  const alphabets: Record<string, string> = {
    LETTERS: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    DIGITS: "0123456789",
    SYMBOLS: "!@#%^&*-_=+.",
  }
  const chosen = sets.length > 0 ? sets : ["LETTERS", "DIGITS"]
  const alphabet = chosen.map((name) => alphabets[name] ?? "").join("")
  if (!(length >= 1 && length <= 64) || alphabet === "")
    throw new ConnectError(400, "Invalid generator recipe")
  return Array.from(randomBytes(length), (byte) => alphabet[byte % alphabet.length]).join("")
}

/** `TOTP` in the specification, `OTP` in what Connect answers and in both of 1Password's clients: taken alike. */
const fieldTypes = new Set([
  ...["STRING", "EMAIL", "CONCEALED", "URL", "TOTP", "OTP", "DATE", "MONTH_YEAR", "MENU"],
  ...["PHONE", "SSHKEY", "REFERENCE", "ADDRESS", "CREDIT_CARD_TYPE", "CREDIT_CARD_NUMBER", "GENDER"],
])

const categories = new Set([
  ...["LOGIN", "PASSWORD", "API_CREDENTIAL", "SERVER", "DATABASE", "CREDIT_CARD", "MEMBERSHIP", "PASSPORT"],
  ...["SOFTWARE_LICENSE", "OUTDOOR_LICENSE", "SECURE_NOTE", "WIRELESS_ROUTER", "BANK_ACCOUNT"],
  ...["DRIVER_LICENSE", "IDENTITY", "REWARD_PROGRAM", "DOCUMENT", "EMAIL_ACCOUNT", "SOCIAL_SECURITY_NUMBER"],
  ...["MEDICAL_RECORD", "SSH_KEY", "CUSTOM"],
])

function textIn(object: JsonObject, name: string): string | undefined {
  const value = own(object, name)
  return typeof value === "string" && value !== "" ? value : undefined
}

function listIn(object: JsonObject, name: string): Json[] {
  const value = own(object, name)
  return Array.isArray(value) ? value : []
}

function labelIn(object: JsonObject): { label?: string } {
  const label = textIn(object, "label")
  return label === undefined ? {} : { label }
}
