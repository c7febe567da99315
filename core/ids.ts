const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

/** `length` url-safe characters of 6 random bits each, from the platform's cryptographic generator. */
function randomCharacters(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length))
  let id = ""
  for (const byte of bytes) id += alphabet[byte & 63]
  return id
}

/** `smc_` and 21 url-safe characters: 126 random bits. */
export const newConnectionId = (): string => `smc_${randomCharacters(21)}`

/** Names one request in replies, logs and the audit. */
export const newRequestId = (): string => `req_${randomCharacters(21)}`

/** 132 random bits: what a record's `configId` and `generation` are made of. */
export const newNonce = (): string => randomCharacters(22)

/** Ids that Latchkey makes, and those of Activepieces (21 letters or digits) that may move here. */
export const connectionIdPattern = /^(?:smc_[A-Za-z0-9_-]{21}|[A-Za-z0-9]{21})$/
