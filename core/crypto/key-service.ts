/** What a wrapped key is bound to. It stands in the key service's own log, so it holds ids only. */
export type EncryptionContext = Readonly<Record<string, string>>

/** The deployment's KMS key. */
export interface KeyService {
  /** A new 256-bit key, plain and wrapped. @throws LatchkeyError `UNAVAILABLE` */
  generateDataKey(context: EncryptionContext): Promise<{ plain: Buffer; wrapped: Buffer }>
  /**
   * The plain key, or undefined if `wrapped` was not made under this key and context.
   * @throws LatchkeyError `UNAVAILABLE`, also where `signal` aborts
   */
  decrypt(wrapped: Uint8Array, context: EncryptionContext, signal?: AbortSignal): Promise<Buffer | undefined>
  /** Told that it will probably be asked soon: gets ready without keeping anyone waiting. */
  prepare?(): void
}
