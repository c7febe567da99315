import type { Keyring, PlatformKeys } from "../crypto/keyring.ts"
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

/** The keys of any platform: one that has none yet gets them. @throws LatchkeyError `UNAVAILABLE` */
export async function platformKeys(
  deps: { store: ConnectionStore; keyring: Keyring },
  platformId: string,
  signal?: AbortSignal,
): Promise<PlatformKeys> {
  const { platform } = await deps.store.read(platformId, [], signal)
  return deps.keyring.unwrap(platform ?? (await ensurePlatform(deps, platformId)))
}
