import { createHmac, createSecretKey, hkdfSync, type KeyObject } from "node:crypto"
import { LRUCache } from "lru-cache"
import type { Clock } from "../clock.ts"
import { LatchkeyError } from "../errors.ts"
import { createLru } from "../lru.ts"
import { canonical } from "./canonical.ts"
import { platformContext } from "./contexts.ts"
import type { KeyService } from "./key-service.ts"

/** The keys that follow from one platform's root key. */
export interface PlatformKeys {
  /** Seals cached values; a new one every month, long before the uses of random 96-bit IVs add up. */
  sealing(month: number): KeyObject
  /** Names Redis entries: HMAC-SHA256, base64url. */
  nameOf(text: string): string
  /** Authenticates connection records: HMAC-SHA256. */
  recordMac(record: string): Buffer
}

/** A platform's root key as its record holds it. */
export interface WrappedRootKey {
  platformId: string
  rootKey: Uint8Array
}

export interface Keyring {
  /** The keys of the root key last seen for this platform, while they are in memory: to guess with, before the record is read. */
  guess(platformId: string): PlatformKeys | undefined
  /**
   * The keys of exactly these wrapped bytes: from memory, at most an hour old, else unwrapped by the key service.
   * @throws LatchkeyError `UNAVAILABLE` where the key service cannot be reached, or the bytes are not this platform's
   */
  unwrap(platform: WrappedRootKey): Promise<PlatformKeys>
  /** A new wrapped root key, for a platform that has none. @throws LatchkeyError `UNAVAILABLE` */
  generate(platformId: string): Promise<Uint8Array>
}

interface Unwrapped {
  keys: Promise<PlatformKeys>
  ready?: PlatformKeys
  until: number
}

const hour = 3_600_000

export function createKeyring(deps: { kms: KeyService; clock: Clock }): Keyring {
  const { kms, clock } = deps
  const unwrapped = createLru<Unwrapped>(1_000)
  const lastSeen = createLru<string>(1_000)

  return {
    guess(platformId) {
      const entry = unwrapped.get(lastSeen.get(platformId) ?? "")
      if (entry && entry.until > clock.now()) return entry.ready
      // Whoever cannot guess reads the record next, and unwraps its key then.
      kms.prepare?.()
      return undefined
    },

    unwrap({ platformId, rootKey }) {
      const id = canonical([platformId, Buffer.from(rootKey).toString("base64")])
      lastSeen.set(platformId, id)
      const known = unwrapped.get(id)
      if (known && known.until > clock.now()) return known.keys
      const entry: Unwrapped = { keys: unwrapRootKey(platformId, rootKey), until: clock.now() + hour }
      unwrapped.set(id, entry)
      entry.keys.then(
        (keys) => {
          entry.ready = keys
        },
        () => {
          if (unwrapped.peek(id) === entry) unwrapped.delete(id)
        },
      )
      return entry.keys
    },

    async generate(platformId) {
      const { plain, wrapped } = await kms.generateDataKey(platformContext(platformId))
      plain.fill(0)
      return wrapped
    },
  }

  async function unwrapRootKey(platformId: string, rootKey: Uint8Array): Promise<PlatformKeys> {
    const root = await kms.decrypt(rootKey, platformContext(platformId))
    if (root === undefined)
      throw new LatchkeyError(
        "UNAVAILABLE",
        "This platform's key does not open: its record was changed outside Latchkey, or made by another deployment. Restore it from a backup.",
      )
    const keys = derive(root)
    root.fill(0)
    return keys
  }
}

function derive(root: Buffer): PlatformKeys {
  const from = (secret: Buffer | KeyObject, label: string) =>
    createSecretKey(Buffer.from(hkdfSync("sha256", secret, "", `latchkey ${label}`, 32)))
  const naming = from(root, "naming")
  const record = from(root, "record")
  const sealing = from(root, "sealing")
  // Whoever writes to Redis chooses the month that stands before a ciphertext, so what is kept must be bounded.
  const months = new LRUCache<number, KeyObject>({ max: 4 })
  return {
    sealing(month) {
      const known = months.get(month)
      if (known) return known
      const key = from(sealing, `sealing ${month}`)
      months.set(month, key)
      return key
    },
    nameOf: (text) => createHmac("sha256", naming).update(text).digest("base64url"),
    recordMac: (text) => createHmac("sha256", record).update(text).digest(),
  }
}
