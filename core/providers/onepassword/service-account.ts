import type { Client, Item as SdkItem } from "@1password/sdk"
import { ProviderError, type Reason } from "../../errors.ts"
import type { Secret } from "../../secret.ts"
import type { Item, Named, OnePassword, Part } from "./store.ts"
import { checkedToken } from "./token.ts"

/** Signs in. The SDK's client, as far as it is used here: tests put another in its place. */
export type SignIn = (token: Secret) => Promise<ServiceAccountClient>
export type ServiceAccountClient = {
  vaults: Pick<Client["vaults"], "list" | "getOverview">
  items: Pick<Client["items"], "list" | "get"> & { files: Pick<Client["items"]["files"], "read"> }
}

/**
 * 1Password itself, through its SDK, which calls it by the global `fetch` and cannot be given another way: hence only
 * with a token that leads to 1Password's own hosts. The SDK takes no signal, so an abort leaves its request behind.
 */
export function serviceAccountOver(
  token: Secret,
  signal: AbortSignal,
  signIn: SignIn = signInOnce,
): OnePassword {
  let client: Promise<ServiceAccountClient> | undefined

  async function ask<Value>(
    operation: string,
    work: (client: ServiceAccountClient) => Promise<Value>,
  ): Promise<Value> {
    signal.throwIfAborted()
    try {
      client ??= signIn(checkedToken(token))
      return await untilAborted(signal, client.then(work))
    } catch (error) {
      signal.throwIfAborted()
      const failure = error instanceof ProviderError ? error : toProviderError(error, operation)
      if (failure.reason === "BAD_CREDENTIALS") forget(token)
      throw failure
    }
  }

  const vaults = () => ask("list vaults", async (sdk) => (await sdk.vaults.list()).map(toNamed))
  const items = (vaultId: string) =>
    ask("list items", async (sdk) => (await sdk.items.list(vaultId)).map(toNamed))
  const item = (vaultId: string, itemId: string) =>
    ask("read item", async (sdk) => toItem(await sdk.items.get(vaultId, itemId)))

  return {
    vaults,
    vault: (id) => ask("read vault", async (sdk) => toNamed(await sdk.vaults.getOverview(id))),
    vaultsNamed: vaults,
    items,
    item,
    async itemsNamed(vaultId, title) {
      const named = (await items(vaultId)).filter(
        (found) => found.title.toLowerCase() === title.toLowerCase(),
      )
      const exact = named.filter((found) => found.title === title)
      return Promise.all((exact.length > 0 ? exact : named).map(({ id }) => item(vaultId, id)))
    },
    file: (vaultId, itemId, { id, label, size = 0 }) =>
      ask("read file", (sdk) => sdk.items.files.read(vaultId, itemId, { id, name: label, size })),
  }
}

/** A sign-in takes several requests, and quotas are small: one serves all that an instance asks with the same token. */
const signedIn = new Map<string, Promise<ServiceAccountClient>>()
const maxSignedIn = 100

function signInOnce(token: Secret): Promise<ServiceAccountClient> {
  const known = signedIn.get(token.reveal())
  if (known) return known
  const [oldest] = signedIn.keys()
  if (signedIn.size >= maxSignedIn && oldest !== undefined) signedIn.delete(oldest)
  const client = signInNow(token)
  signedIn.set(token.reveal(), client)
  client.catch(() => signedIn.delete(token.reveal()))
  return client
}

function forget(token: Secret): void {
  try {
    signedIn.delete(checkedToken(token).reveal())
  } catch {
    // Never signed in.
  }
}

async function signInNow(token: Secret): Promise<ServiceAccountClient> {
  const { createClient } = await import("@1password/sdk")
  return createClient({
    auth: token.reveal(),
    integrationName: "Latchkey",
    integrationVersion: "v1.0.0",
  })
}

/** The SDK tells failures by their texts alone, two classes apart. In the order in which one may contain another. */
const failures: readonly [RegExp, Reason, string][] = [
  [/rate limit|too many requests/i, "THROTTLED", "The service account's hourly or daily quota is used up."],
  [
    /error sending request|fetch failed|network/i,
    "UNREACHABLE",
    "1Password could not be reached. Check that firewalls let Latchkey through.",
  ],
  [/timeout|timed out/i, "TIMEOUT", "1Password did not answer in time. Try again."],
  [
    /service account token|not authenticated|unauthorized|auth ?expired/i,
    "BAD_CREDENTIALS",
    "1Password does not accept the service account token. Check that it is whole, has not expired and was not revoked.",
  ],
  [
    /right permissions|forbidden/i,
    "PERMISSION_DENIED",
    "The service account may not read this vault. Vaults are granted when an account is made: make one that may.",
  ],
  [/not in an active state/i, "DELETED", "The item is archived or deleted. Restore it in 1Password."],
  [
    /could ?n[o']t be found|not found|no (?:vault|item|file)/i,
    "NOT_FOUND",
    "1Password has no such vault, item or file that the service account may read. Check each part of the reference.",
  ],
]

/** Its error is not kept, not even as a cause: some of its texts repeat what they were given. */
function toProviderError(error: unknown, operation: string): ProviderError {
  const text = error instanceof Error ? `${error.constructor.name} ${error.message}` : String(error)
  // `AuthExpiredError` as words, like the others.
  const words = text.replace(/([a-z])([A-Z])/g, "$1 $2")
  const known = failures.find(([pattern]) => pattern.test(words))
  const [reason, message] = known
    ? [known[1], known[2]]
    : ([
        "PROVIDER_ERROR",
        `1Password failed to ${operation}. Try again, and look at 1Password's status page.`,
      ] as const)
  return new ProviderError(reason, message + (reason === "THROTTLED" ? whatIsLeft(text) : ""), {
    upstream: { operation },
  })
}

/** Says how long to wait where 1Password does. */
function whatIsLeft(text: string): string {
  const [, wait] = /(\d{1,6} (?:second|minute|hour)s?)/.exec(text) ?? []
  return wait === undefined
    ? " `op service-account ratelimit` shows what is left."
    : ` 1Password allows more in ${wait}.`
}

function untilAborted<Value>(signal: AbortSignal, work: Promise<Value>): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener("abort", abort, { once: true })
  return Promise.race([work, promise]).finally(() => signal.removeEventListener("abort", abort))
}

const toNamed = ({ id, title }: Named): Named => ({ id, title })

function toItem(item: SdkItem): Item {
  const fields = item.fields.map(({ id, title, sectionId, fieldType, value, details }): Part => {
    const code = details?.type === "Otp" ? details.content.code : undefined
    return {
      kind: "field",
      id,
      label: title,
      type: fieldType.toLowerCase(),
      value,
      ...(sectionId ? { section: sectionId } : {}),
      ...(sectionId === undefined && builtIn.has(id) ? { purpose: id } : {}),
      ...(code ? { code } : {}),
    }
  })
  // The SDK keeps notes apart, Connect among the fields under this id.
  const notes: Part[] = item.notes
    ? [
        {
          kind: "field",
          id: "notesPlain",
          label: "notesPlain",
          type: "string",
          purpose: "notes",
          value: item.notes,
        },
      ]
    : []
  const files = item.files.map(
    ({ attributes: { id, name, size }, sectionId }): Part => ({
      ...fileOf(id, name, size),
      ...(sectionId ? { section: sectionId } : {}),
    }),
  )
  const document = item.document ? [fileOf(item.document.id, item.document.name, item.document.size)] : []
  return {
    id: item.id,
    title: item.title,
    version: String(item.version),
    archived: false,
    sections: item.sections.map(toNamed),
    parts: [...fields, ...notes, ...files, ...document],
  }
}

const builtIn: ReadonlySet<string> = new Set(["username", "password"])

const fileOf = (id: string, label: string, size: number): Part => ({
  kind: "file",
  id,
  label,
  type: "file",
  size,
})
