import type { Keyring } from "../crypto/keyring.ts"
import { newNonce } from "../ids.ts"
import type { PlatformRecord } from "./connection.ts"
import type { ConnectionStore } from "./store.ts"

/** The platform's record, made by the first operation that needs it. @throws LatchkeyError `UNAVAILABLE` */
export async function ensurePlatform(
  { store, keyring }: { store: ConnectionStore; keyring: Keyring },
  platformId: string,
): Promise<PlatformRecord> {
  const rootKey = await keyring.generate(platformId)
  return store.ensurePlatform({ platformId, rootKey, generation: newNonce() })
}
