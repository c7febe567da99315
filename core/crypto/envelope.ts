import { createSecretKey, type KeyObject } from "node:crypto"
import type { Clock } from "../clock.ts"
import type { Json } from "../json.ts"
import { createLru } from "../lru.ts"
import { decrypt, encrypt } from "./aead.ts"
import { canonical, canonicalJson } from "./canonical.ts"
import { configContext } from "./contexts.ts"
import type { KeyService } from "./key-service.ts"

/** A connection's configuration as it is stored. */
export interface EncryptedConfig {
  format: 1
  /** The data key, wrapped by KMS under the encryption context. */
  wrappedKey: Uint8Array
  /** IV, ciphertext, tag. */
  data: Uint8Array
}

/** Where a configuration belongs. Moved to another platform or connection, or beside another `configId`, it does not open. */
export interface ConfigBinding {
  platformId: string
  connectionId: string
  configId: string
}

/** Envelope encryption of connection configurations. */
export interface Envelope {
  /** @throws LatchkeyError `UNAVAILABLE` */
  encryptConfig(binding: ConfigBinding, config: Json): Promise<EncryptedConfig>
  /**
   * The configuration, or undefined where it was moved or altered.
   * @throws LatchkeyError `UNAVAILABLE`, also where `signal` aborts
   */
  decryptConfig(
    binding: ConfigBinding,
    encrypted: EncryptedConfig,
    signal?: AbortSignal,
  ): Promise<Json | undefined>
}

const hour = 3_600_000

/** Plain data keys are kept in memory by their wrapped bytes, for at most an hour. */
export function createEnvelope(deps: { kms: KeyService; clock: Clock }): Envelope {
  const { kms, clock } = deps
  const keys = createLru<DataKey>(1_000)

  return {
    async encryptConfig(binding, config) {
      const { plain, wrapped } = await kms.generateDataKey(configContext(binding))
      const key = take(plain)
      return {
        format: 1,
        wrappedKey: wrapped,
        data: encrypt(key, Buffer.from(canonicalJson(config)), additionalData(binding)),
      }
    },

    async decryptConfig(binding, { wrappedKey, data }, signal) {
      const key = await dataKey(binding, wrappedKey, signal)
      const plain = key && decrypt(key, Buffer.from(data), additionalData(binding))
      if (plain === undefined) return undefined
      const config: Json = JSON.parse(plain.toString())
      plain.fill(0)
      return config
    },
  }

  /** Unwrapped once, however many ask at the same time. Should the first have left meanwhile, another asks again. */
  async function dataKey(
    binding: ConfigBinding,
    wrapped: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<KeyObject | undefined> {
    const { platformId, connectionId } = binding
    const id = canonical([platformId, connectionId, Buffer.from(wrapped).toString("base64")])
    const known = keys.get(id)
    if (known === undefined || known.until <= clock.now()) return ask(id, binding, wrapped, signal).key
    try {
      return await known.key
    } catch (error) {
      if (known.left?.aborted) return dataKey(binding, wrapped, signal)
      throw error
    }
  }

  function ask(
    id: string,
    binding: ConfigBinding,
    wrapped: Uint8Array,
    left: AbortSignal | undefined,
  ): DataKey {
    const entry: DataKey = { key: unwrap(binding, wrapped, left), until: clock.now() + hour, left }
    keys.set(id, entry)
    const forget = () => {
      if (keys.peek(id) === entry) keys.delete(id)
    }
    const unwrapped = (key: KeyObject | undefined) => {
      if (!key) forget()
      entry.left = undefined
    }
    entry.key.then(unwrapped, forget)
    return entry
  }

  async function unwrap(
    binding: ConfigBinding,
    wrapped: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<KeyObject | undefined> {
    const plain = await kms.decrypt(wrapped, configContext(binding), signal)
    return plain && take(plain)
  }
}

interface DataKey {
  key: Promise<KeyObject | undefined>
  until: number
  /** Until it is there: aborts where whoever asked for it waits no more. */
  left: AbortSignal | undefined
}

/** The key as an object that cannot be printed; the plain bytes are gone. */
function take(plain: Buffer): KeyObject {
  const key = createSecretKey(plain)
  plain.fill(0)
  return key
}

/** The encryption context, plus what KMS need not know. */
function additionalData({ platformId, connectionId, configId }: ConfigBinding): string {
  return canonical(["1", "config", platformId, connectionId, configId])
}
