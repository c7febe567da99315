const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

/** Asking the generator costs microseconds however little is asked for, so it fills many ids' worth at once. */
const pool = new Uint8Array(2048)
let used = pool.length

/** `length` url-safe characters of 6 random bits each, from the platform's cryptographic generator. */
function randomCharacters(length: number): string {
  if (used + length > pool.length) {
    crypto.getRandomValues(pool)
    used = 0
  }
  let id = ""
  for (const byte of pool.subarray(used, used + length)) id += alphabet[byte & 63]
  used += length
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
