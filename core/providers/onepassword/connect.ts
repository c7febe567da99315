import type { FullItem, OPConnect } from "@1password/connect"
import { ProviderError } from "../../errors.ts"
import { isObject, type Json, own } from "../../json.ts"
import type { HttpClient, Phase } from "../../network/http.ts"
import type { Secret } from "../../secret.ts"
import { isPage } from "../answer.ts"
import { toTooLarge } from "../select.ts"
import { contentOf, notConnect, refusal } from "./answers.ts"
import { isKnown, listOf, textOf, toNamed, versionOf } from "./shapes.ts"
import { type Item, isId, type Named, type OnePassword, type Part } from "./store.ts"

export interface ConnectServer {
  http: HttpClient
  /** Without `/v1`, with what base path there is. */
  url: string
  token: Secret
}

type Send = (method: string, path: string) => Promise<{ status: number; data: unknown }>

/** An address of the SDK's own, which leads nowhere: it never learns where the server is, nor its token. */
const nowhere = "https://connect.invalid"

const id = "[a-z0-9]{26}"
/** Every request there may be, below the base path. Specification: https://github.com/1Password/connect, docs/openapi. */
const requests: readonly { operation: string; pattern: RegExp; answer: "list" | "object" | "bytes" }[] = [
  { operation: "list vaults", pattern: /^\/v1\/vaults(?:\?filter=[^&#]*)?$/, answer: "list" },
  { operation: "read vault", pattern: new RegExp(`^/v1/vaults/${id}$`), answer: "object" },
  {
    operation: "list items",
    pattern: new RegExp(`^/v1/vaults/${id}/items(?:\\?filter=[^&#]*)?$`),
    answer: "list",
  },
  { operation: "read item", pattern: new RegExp(`^/v1/vaults/${id}/items/${id}$`), answer: "object" },
  {
    operation: "read file",
    pattern: new RegExp(`^/v1/vaults/${id}/items/${id}/files/${id}/content$`),
    answer: "bytes",
  },
]
const maxListBytes = 4 * 1_048_576

/** A Connect server, through 1Password's SDK, which builds the requests, and nothing but `http`, which sends them. */
export function connectOver(
  server: ConnectServer,
  signal: AbortSignal,
  onPhase?: (phase: Phase) => void,
): OnePassword {
  const send: Send = (_, path) => sendRequest(server, path, signal, onPhase)
  let loading: Promise<OPConnect> | undefined
  const sdk = () => {
    loading ??= loadSdk(send)
    return loading
  }
  return {
    vaults: async () => (await sdk()).listVaults().then(toVaults),
    vault: async (vaultId) => toNamed(await (await sdk()).getVaultById(vaultId), "name"),
    vaultsNamed: async (title) => (await sdk()).listVaultsByTitle(filterText(title)).then(toVaults),
    items: async (vaultId) =>
      (await (await sdk()).listItems(vaultId))
        .filter((item) => !isTrashed(item))
        .map((item) => toNamed(item, "title"))
        .filter(isKnown),
    item: async (vaultId, itemId) => toItem(await (await sdk()).getItemById(vaultId, itemId)),
    itemsNamed: async (vaultId, title) =>
      (await (await sdk()).listItemsByTitle(vaultId, filterText(title))).map(toItem),
    file: async (vaultId, itemId, file) => {
      if (!isId(file.id)) throw new ProviderError("UNSUPPORTED_VALUE", "1Password gives the file no id.")
      // What the SDK takes for a stream is whatever the transport gave it. Its `getFileContent` would take it for text.
      const content: unknown = await (await sdk()).getFileContentStream(vaultId, itemId, file.id)
      return content as Uint8Array
    },
  }
}

async function loadSdk(send: Send): Promise<OPConnect> {
  const { OnePasswordConnect } = await import("@1password/connect")
  const client = OnePasswordConnect({
    serverURL: nowhere,
    token: "held by the transport",
    // In place of its own, which is axios.
    httpClient: { defaultTimeout: 0, request: send },
  })
  // What stands before the transport writes every address to stderr where `DEBUG` is set, hence titles: it is left out.
  const { httpAdapter } = client as unknown as { httpAdapter: object }
  Object.assign(httpAdapter, { sendRequest: send })
  return client
}

/**
 * Sends one of the requests that the SDK makes, and no other: ids are put into its addresses as they came, and an id from
 * an answer could lead out of the API. A 403 is asked again once, since Connect gives one at times while it syncs.
 */
async function sendRequest(
  { http, url, token }: ConnectServer,
  path: string,
  signal: AbortSignal,
  onPhase: ((phase: Phase) => void) | undefined,
): Promise<{ status: number; data: unknown }> {
  const { origin, pathname, search, hash } = new URL(path, nowhere)
  const target = pathname.replace(/\/$/, "") + search + hash
  const asWritten = origin + pathname === `${nowhere}/${path.split("?", 1)[0]}`
  const request = requests.find(({ pattern }) => pattern.test(target))
  if (!asWritten || request === undefined) {
    throw new ProviderError("PROVIDER_ERROR", "A request would have left 1Password Connect's API.")
  }
  const { operation, answer } = request
  const ask = () =>
    http.request({
      method: "GET",
      url: url + target,
      headers: { Authorization: `Bearer ${token.reveal()}`, Accept: "application/json" },
      operation,
      ...(answer === "list" ? { maxBytes: maxListBytes } : {}),
      ...(onPhase ? { onPhase } : {}),
      signal,
    })
  const asking = ask()
  const first = await (/^read (?:item|file)$/.test(operation) ? asking.catch(toTooLarge) : asking)
  const response = first.status === 403 ? await ask() : first
  const { status, body } = response
  if (status !== 200) throw refusal(response, operation)
  if (answer === "bytes") {
    // Whatever the file is, Connect gives it as `application/octet-stream`.
    if (isPage(response)) throw notConnect(response, operation)
    return { status, data: body }
  }
  const data = contentOf(response, operation, answer)
  return { status, data: Array.isArray(data) ? data.filter(isObject).map(withState) : withState(data) }
}

/** The SDK's items know `trashed`, of an older API, and drop `state`: `ARCHIVED`, `DELETED`, or absent. */
function withState(item: Json): Json {
  return isObject(item) && Object.hasOwn(item, "state")
    ? { ...item, trashed: typeof own(item, "state") === "string" }
    : item
}

const isTrashed = (item: unknown) => isObject(item) && own(item, "trashed") === true

/** A title within the quotes of a SCIM filter (a JSON string: RFC 7644, 3.4.2.2), and within a URL. The SDK does neither. */
function filterText(title: string): string {
  return encodeURIComponent(JSON.stringify(title).slice(1, -1))
}

const toVaults = (vaults: readonly unknown[]) => vaults.map((vault) => toNamed(vault, "name")).filter(isKnown)

function toItem(full: FullItem): Item {
  const sections = new Map<string, Named>()
  const parts: Part[] = []
  for (const section of listOf(full, "sections")) keep(toNamed(section, "label"))
  for (const field of listOf(full, "fields")) parts.push(toPart(field, "field"))
  for (const file of listOf(full, "files")) parts.push(toPart(file, "file"))

  function keep(section: Named) {
    if (section.id !== "" && !sections.get(section.id)?.title) sections.set(section.id, section)
  }
  function toPart(thing: object, kind: Part["kind"]): Part {
    const section: unknown = Reflect.get(thing, "section")
    const { id: sectionId, title } = toNamed(section, "label")
    keep({ id: sectionId, title })
    const purpose = textOf(thing, "purpose")?.toLowerCase()
    const value = textOf(thing, "value")
    // `totp` on the wire, `otp` in the SDK's model.
    const code = textOf(thing, "otp")
    const size: unknown = Reflect.get(thing, "size")
    return {
      kind,
      id: textOf(thing, "id") ?? "",
      label: textOf(thing, kind === "file" ? "name" : "label") ?? "",
      type: kind === "file" ? "file" : (textOf(thing, "type")?.toLowerCase() ?? "string"),
      ...(sectionId === "" ? {} : { section: sectionId }),
      ...(purpose ? { purpose } : {}),
      ...(value === undefined ? {} : { value }),
      ...(code ? { code } : {}),
      ...(typeof size === "number" ? { size } : {}),
    }
  }

  return {
    ...toNamed(full, "title"),
    version: versionOf(full),
    archived: isTrashed(full),
    sections: [...sections.values()],
    parts,
  }
}
