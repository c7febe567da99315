import type { KMSClient } from "@aws-sdk/client-kms"
import { LatchkeyError } from "../errors.ts"
import type { KeyService } from "./key-service.ts"

/** What KMS takes as a ciphertext: anything else is refused as a malformed request, which looks like an outage. */
const maxCiphertextBytes = 6_144

/** AWS KMS. The client, and with it the SDK, is made on first use: a resolve whose keys are known needs neither. */
export function awsKms(deps: { client: () => Promise<KMSClient>; keyId: string }): KeyService {
  const load = () => Promise.all([deps.client(), import("./aws-kms-client.ts")])
  return {
    async generateDataKey(context) {
      const [client, { GenerateDataKeyCommand }] = await load()
      const reply = await client
        .send(
          new GenerateDataKeyCommand({ KeyId: deps.keyId, KeySpec: "AES_256", EncryptionContext: context }),
        )
        .catch(unavailable)
      if (!reply.Plaintext || !reply.CiphertextBlob) throw unavailable()
      return { plain: Buffer.from(reply.Plaintext), wrapped: Buffer.from(reply.CiphertextBlob) }
    },

    async decrypt(wrapped, context, signal) {
      if (wrapped.length === 0 || wrapped.length > maxCiphertextBytes) return undefined
      const [client, { DecryptCommand }] = await load()
      const reply = await client
        .send(
          new DecryptCommand({ KeyId: deps.keyId, CiphertextBlob: wrapped, EncryptionContext: context }),
          signal && { abortSignal: signal },
        )
        .catch((error: unknown) => (notOurs(error) ? undefined : unavailable(error)))
      return reply?.Plaintext && Buffer.from(reply.Plaintext)
    },

    prepare() {
      // After what is about to be sent. What goes wrong shows when the client is needed.
      setImmediate(() => void load().catch(() => {}))
    },
  }
}

/** The blob was made under another key or context, or altered: an answer, not an outage. */
function notOurs(error: unknown): boolean {
  return error instanceof Error && /^(InvalidCiphertext|IncorrectKey)Exception$/.test(error.name)
}

function unavailable(cause?: unknown): never {
  throw new LatchkeyError(
    "UNAVAILABLE",
    "Latchkey's encryption keys could not be reached. Try again shortly.",
    {},
    { cause },
  )
}
