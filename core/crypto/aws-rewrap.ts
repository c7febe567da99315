import { type KMSClient, ReEncryptCommand } from "@aws-sdk/client-kms"
import { LatchkeyError } from "../errors.ts"
import type { EncryptionContext } from "./key-service.ts"

/** Wraps keys anew, without ever seeing them. */
export interface Rewrapper {
  /**
   * The same key, wrapped under the current version of the current KMS key; undefined where `wrapped` was not made under
   * the key that it is expected to be under, and this context.
   * @throws LatchkeyError `UNAVAILABLE`
   */
  rewrap(wrapped: Uint8Array, context: EncryptionContext): Promise<Uint8Array | undefined>
}

export interface AwsRewrapperDeps {
  client: KMSClient
  /** Under which keys shall be. */
  keyId: string
  /**
   * Under which they are. Named to KMS, which would otherwise open what was wrapped under any key that the caller may use:
   * whoever can write records could have a key of their own made one of ours.
   */
  fromKeyId: string
}

/** By KMS' `ReEncrypt`: the plain key does not leave KMS. */
export function awsRewrapper({ client, keyId, fromKeyId }: AwsRewrapperDeps): Rewrapper {
  return {
    async rewrap(wrapped, context) {
      const command = new ReEncryptCommand({
        CiphertextBlob: wrapped,
        SourceKeyId: fromKeyId,
        SourceEncryptionContext: context,
        DestinationKeyId: keyId,
        DestinationEncryptionContext: context,
      })
      try {
        return (await client.send(command)).CiphertextBlob
      } catch (error) {
        if (error instanceof Error && /^(InvalidCiphertext|IncorrectKey)Exception$/.test(error.name))
          return undefined
        throw new LatchkeyError(
          "UNAVAILABLE",
          "KMS could not be reached, or does not let you re-encrypt. Check your rights to `kms:ReEncryptFrom` and `kms:ReEncryptTo` on the stage's key.",
          {},
          { cause: error },
        )
      }
    },
  }
}
