/** A key as a record holds it, wrapped by KMS: of a platform, or of a connection's configuration. */
export interface WrappedKey {
  platformId: string
  /** Absent where it is the platform's root key. */
  connectionId?: string
  wrapped: Uint8Array
}

export interface KeyPage {
  keys: WrappedKey[]
  /** Where to go on; absent behind the last page. Opaque, and holds ids only. */
  next?: string
}

/** All records of a stage, for operators: the one place that reads across platforms. */
export interface Records {
  /** Strongly consistent, in no order that means anything. @throws LatchkeyError `VALIDATION` for an `after` that is none */
  page(after: string | undefined): Promise<KeyPage>
  /** Puts `by` in its place where the record still holds it; false where it does not. */
  replace(key: WrappedKey, by: Uint8Array): Promise<boolean>
}
