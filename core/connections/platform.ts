import type { Keyring, PlatformKeys } from "../crypto/keyring.ts"
import { newNonce } from "../ids.ts"
import type { PlatformRecord } from "./connection.ts"
import type { ConnectionStore, Snapshot } from "./store.ts"

/** What reads a platform, and makes its record where there is none. */
export interface PlatformDeps {
  store: ConnectionStore
  keyring: Keyring
}

/**
 * Some connections of a platform and its own record, which the first operation that needs one makes.
 * @throws LatchkeyError `UNAVAILABLE`
 */
export async function readPlatform(
  { store, keyring }: PlatformDeps,
  platformId: string,
  connectionIds: readonly string[],
  signal?: AbortSignal,
): Promise<Snapshot & { platform: PlatformRecord }> {
  const { platform, connections } = await store.read(platformId, connectionIds, signal)
  if (platform) return { platform, connections }
  const rootKey = await keyring.generate(platformId)
  return {
    platform: await store.ensurePlatform({ platformId, rootKey, generation: newNonce() }),
    connections,
  }
}

/** The keys of any platform. @throws LatchkeyError `UNAVAILABLE` */
export async function platformKeys(
  deps: PlatformDeps,
  platformId: string,
  signal?: AbortSignal,
): Promise<PlatformKeys> {
  const { platform } = await readPlatform(deps, platformId, [], signal)
  return deps.keyring.unwrap(platform)
}
