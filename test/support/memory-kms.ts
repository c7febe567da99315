import { createSecretKey, randomBytes } from "node:crypto"
import { decrypt, encrypt } from "../../core/crypto/aead.ts"
import type { EncryptionContext, KeyService } from "../../core/crypto/key-service.ts"
import { LatchkeyError } from "../../core/errors.ts"
import { untilAborted } from "../../core/settle.ts"

/** A key service in memory, which enforces encryption contexts as KMS does and counts its calls. */
export interface MemoryKms extends KeyService {
  calls: number
  down: boolean
  /** Holds every answer of `decrypt` until it resolves. */
  gate: Promise<unknown> | undefined
}

export function memoryKms(): MemoryKms {
  const master = createSecretKey(randomBytes(32))
  const aad = (context: EncryptionContext) => JSON.stringify(Object.entries(context).sort())
  const kms: MemoryKms = {
    calls: 0,
    down: false,
    gate: undefined,
    async generateDataKey(context) {
      called()
      const plain = randomBytes(32)
      return { wrapped: encrypt(master, plain, aad(context)), plain }
    },
    async decrypt(wrapped, context, signal) {
      called()
      if (kms.gate) await (signal ? untilAborted(kms.gate, signal).catch(unavailable) : kms.gate)
      return decrypt(master, Buffer.from(wrapped), aad(context))
    },
  }
  return kms

  function called(): void {
    kms.calls++
    if (kms.down) unavailable()
  }
}

function unavailable(): never {
  throw new LatchkeyError("UNAVAILABLE", "The key service is down.")
}
