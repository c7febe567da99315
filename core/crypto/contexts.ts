import type { EncryptionContext } from "./key-service.ts"

/** What a platform's wrapped root key is bound to. */
export const platformContext = (platformId: string): EncryptionContext => ({
  platformId,
  purpose: "platform",
})

/** What the wrapped key of a connection's configuration is bound to. */
export const configContext = (of: { platformId: string; connectionId: string }): EncryptionContext => ({
  platformId: of.platformId,
  connectionId: of.connectionId,
  purpose: "config",
})
