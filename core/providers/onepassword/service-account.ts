import type { Client } from "@1password/sdk"
import type { Clock } from "../../clock.ts"
import { ProviderError, type Reason } from "../../errors.ts"
import type { Secret } from "../../secret.ts"
import { bytesOf, toItem, toList } from "./sdk-answers.ts"
import { boundedFetch } from "./sdk-fetch.ts"
import { toNamed } from "./shapes.ts"
import type { OnePassword } from "./store.ts"
import { checkedToken } from "./token.ts"

/** Signs in. The SDK's client, as far as it is used here: tests put another in its place. */
export type SignIn = (token: Secret) => Promise<ServiceAccountClient>
export type ServiceAccountClient = {
  vaults: Pick<Client["vaults"], "list" | "getOverview">
  items: Pick<Client["items"], "list" | "get"> & { files: Pick<Client["items"]["files"], "read"> }
}

/**
 * 1Password itself, through its SDK, which calls it by the global `fetch` and cannot be given another way: hence only
 * with a token that leads to 1Password's own hosts. The SDK takes no signal, so an abort leaves its request behind:
 * for seconds, since `boundedFetch` ends it.
 */
export function serviceAccountOver(token: Secret, signal: AbortSignal, signIn: SignIn): OnePassword {
  let client: Promise<ServiceAccountClient> | undefined

  async function ask<Value>(
    operation: string,
    work: (client: ServiceAccountClient) => Promise<Value>,
  ): Promise<Value> {
    signal.throwIfAborted()
    let sdk: ServiceAccountClient | undefined
    try {
      client ??= signIn(checkedToken(token))
      sdk = await untilAborted(signal, client)
      return await untilAborted(signal, work(sdk))
    } catch (error) {
      signal.throwIfAborted()
      const failed = sdk ? operation : "sign in"
      const failure = error instanceof ProviderError ? error : toProviderError(error, failed)
      if (failure.reason === "BAD_CREDENTIALS") forget(token)
      throw failure
    }
  }

  const vaults = () => ask("list vaults", async (sdk) => toList(await sdk.vaults.list()))
  const items = (vaultId: string) => ask("list items", async (sdk) => toList(await sdk.items.list(vaultId)))
  const item = (vaultId: string, itemId: string) =>
    ask("read item", async (sdk) => toItem(await sdk.items.get(vaultId, itemId)))

  return {
    vaults,
    vault: (id) => ask("read vault", async (sdk) => toNamed(await sdk.vaults.getOverview(id), "title")),
    vaultsNamed: vaults,
    items,
    item,
    async itemsNamed(vaultId, title) {
      const named = (await items(vaultId)).filter(
        (found) => found.title.toLowerCase() === title.toLowerCase(),
      )
      const exact = named.filter((found) => found.title === title)
      // A few are enough to see that there are several.
      const few = (exact.length > 0 ? exact : named).slice(0, 5)
      return Promise.all(few.map(({ id }) => item(vaultId, id)))
    },
    file: (vaultId, itemId, { id, label, size = 0 }) =>
      ask("read file", async (sdk) =>
        bytesOf(await sdk.items.files.read(vaultId, itemId, { id, name: label, size })),
      ),
  }
}

/** A sign-in takes several requests, and quotas are small: one serves all that an instance asks with the same token. */
const signedIn = new Map<string, Promise<ServiceAccountClient>>()
const maxSignedIn = 100

export const signInOnce =
  (clock: Clock): SignIn =>
  (token) => {
    const known = signedIn.get(token.reveal())
    if (known) return known
    const [oldest] = signedIn.keys()
    if (signedIn.size >= maxSignedIn && oldest !== undefined) signedIn.delete(oldest)
    const client = signInNow(token, clock)
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

async function signInNow(token: Secret, clock: Clock): Promise<ServiceAccountClient> {
  const { createClient } = await import("@1password/sdk")
  globalThis.fetch = boundedFetch(globalThis.fetch, clock)
  return createClient({
    auth: token.reveal(),
    integrationName: "Latchkey",
    integrationVersion: "v1.0.0",
  })
}

type Failures = readonly (readonly [RegExp, Reason, string])[]

/** The SDK tells failures by their texts alone, two classes apart. In the order in which one may contain another. */
const ofConnection: Failures = [
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
]

/** Nothing is said of a vault or an item there. */
const ofSignIn: Failures = [
  ...ofConnection,
  [
    /right permissions|forbidden/i,
    "BAD_CREDENTIALS",
    "1Password does not let the service account sign in. Check that it is active, and the account's firewall rules.",
  ],
]

const ofReading: Failures = [
  ...ofConnection,
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
  const failures = operation === "sign in" ? ofSignIn : ofReading
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
  if (signal.aborted) abort()
  signal.addEventListener("abort", abort, { once: true })
  return Promise.race([work, promise]).finally(() => signal.removeEventListener("abort", abort))
}
