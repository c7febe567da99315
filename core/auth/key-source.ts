import { createPublicKey } from "node:crypto"
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWK } from "jose"
import type { Clock } from "../clock.ts"
import { LatchkeyError } from "../errors.ts"
import type { IssuerConfig } from "./issuer-config.ts"

/** How long fetched keys are used before they are fetched again: a withdrawn key is refused after that. */
const freshForMs = 10 * 60_000
/** How long they are used where fetching fails: an identity provider's short outage is not ours. */
const usableForMs = 60 * 60_000
/** Fetches of keys that we have already, for a `kid` that we do not know or after a failure, are this far apart. */
const cooldownMs = 30_000
const fetchTimeoutMs = 5_000
const maxBytes = 256 * 1024
const maxKeys = 100

type LocalKeys = ReturnType<typeof createLocalJWKSet>
type Key = Awaited<ReturnType<LocalKeys>>

/** The parts of a token's header that choose a key. */
export type KeyHint = { alg: string; kid?: string }

export interface KeySource {
  /**
   * The public keys that may have made the signature: none, one, or several where the header does not tell.
   * @throws LatchkeyError `UNAVAILABLE` where the issuer's keys cannot be fetched
   */
  keysFor(hint: KeyHint): Promise<Key[]>
}

export interface KeySourceDeps {
  clock: Clock
  fetch: typeof fetch
  /** In the sandbox, keys may come over http from the loopback interface. */
  sandbox: boolean
}

/** @throws Error at once where the configuration makes no sense, since it is the deployment's mistake */
export function createKeySource(config: IssuerConfig, deps: KeySourceDeps): KeySource {
  const { jwksUrl, publicKeys, issuer } = config
  if ((jwksUrl === undefined) === (publicKeys === undefined))
    throw new Error(`Issuer ${issuer}: configure either jwksUrl or publicKeys.`)
  if (publicKeys !== undefined) return configuredKeys(publicKeys, issuer)
  return remoteKeys(keysUrl(jwksUrl ?? "", issuer, deps.sandbox), deps)
}

function configuredKeys(keys: readonly (JWK | string)[], issuer: string): KeySource {
  const jwks = keys.map((key) => (typeof key === "string" ? spkiToJwk(key, issuer) : key))
  if (jwks.length === 0) throw new Error(`Issuer ${issuer}: publicKeys is empty.`)
  for (const jwk of jwks)
    if (jwk.kty === "oct" || "d" in jwk || "k" in jwk)
      throw new Error(`Issuer ${issuer}: publicKeys must hold public keys only.`)
  const named = createLocalJWKSet({ keys: jwks })
  const unnamed = createLocalJWKSet({ keys: jwks.filter((jwk) => jwk.kid === undefined) })
  return {
    async keysFor(hint) {
      const keys = await candidates(named, hint)
      // A key without a `kid` is meant for whatever the issuer calls it.
      return keys.length > 0 ? keys : candidates(unnamed, { alg: hint.alg })
    },
  }
}

function spkiToJwk(pem: string, issuer: string): JWK {
  // `createPublicKey` would derive a public key from a private one, which has no business in a configuration.
  if (pem.includes("PRIVATE KEY")) throw new Error(`Issuer ${issuer}: publicKeys must hold public keys only.`)
  try {
    return createPublicKey(pem).export({ format: "jwk" }) as JWK
  } catch {
    throw new Error(`Issuer ${issuer}: a public key is neither a JWK nor SPKI in PEM.`)
  }
}

function keysUrl(text: string, issuer: string, sandbox: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const loopback = url !== undefined && ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname)
  const secure = url?.protocol === "https:" || (url?.protocol === "http:" && sandbox && loopback)
  if (url === undefined || !secure || url.username !== "" || url.password !== "")
    throw new Error(`Issuer ${issuer}: jwksUrl must be an https URL without credentials.`)
  return url
}

function remoteKeys(url: URL, { clock, fetch }: KeySourceDeps): KeySource {
  let keys: LocalKeys | undefined
  let fetchedAt = Number.NEGATIVE_INFINITY
  let attemptedAt = Number.NEGATIVE_INFINITY
  let pending: Promise<void> | undefined

  const refresh = (): Promise<void> => {
    pending ??= load().finally(() => {
      pending = undefined
    })
    return pending
  }

  async function load(): Promise<void> {
    attemptedAt = clock.now()
    keys = createLocalJWKSet(await fetchKeys(url, fetch, clock.timeout(fetchTimeoutMs)))
    fetchedAt = clock.now()
  }

  const cooled = () => pending !== undefined || clock.now() - attemptedAt >= cooldownMs

  /** The keys at hand, fetched where there are none or they have grown old. */
  async function current(): Promise<LocalKeys> {
    const age = clock.now() - fetchedAt
    if (keys !== undefined && age < freshForMs) return keys
    try {
      if (keys === undefined || age >= usableForMs || cooled()) await refresh()
    } catch {
      if (age >= usableForMs) keys = undefined
    }
    if (keys !== undefined) return keys
    throw new LatchkeyError(
      "UNAVAILABLE",
      "The keys of the token's issuer could not be fetched. Try again; if it lasts, check the issuer's jwksUrl.",
    )
  }

  return {
    async keysFor(hint) {
      const found = await candidates(await current(), hint)
      if (found.length > 0 || !cooled()) return found
      // A `kid` that we do not know: the issuer may have rotated its keys.
      await refresh().catch(() => {})
      return candidates(await current(), hint)
    },
  }
}

async function candidates(keys: LocalKeys, hint: KeyHint): Promise<Key[]> {
  try {
    return [await keys(hint)]
  } catch (error) {
    // Otherwise no key fits, or the one that does is broken: either way nothing could verify the token.
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) return []
    const several: Key[] = []
    for await (const key of error) several.push(key)
    return several
  }
}

/** Fetches and bounds a JWKS (RFC 7517, section 5). Redirects are refused: keys come from where the deployment says. */
async function fetchKeys(
  url: URL,
  fetch: KeySourceDeps["fetch"],
  signal: AbortSignal,
): Promise<JSONWebKeySet> {
  const response = await fetch(url, {
    headers: { accept: "application/json" },
    redirect: "error",
    signal,
  })
  if (response.status !== 200 || response.body === null) throw new Error("no key set")
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) throw new Error("the key set is too large")
    chunks.push(chunk)
  }
  const jwks = JSON.parse(Buffer.concat(chunks).toString("utf8")) as JSONWebKeySet
  if (!Array.isArray(jwks?.keys) || jwks.keys.length > maxKeys) throw new Error("not a key set")
  return jwks
}
