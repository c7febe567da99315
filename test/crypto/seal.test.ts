import { describe, expect, test } from "vitest"
import { createKeyring } from "../../core/crypto/keyring.ts"
import { type SealKind, seal, unseal } from "../../core/crypto/seal.ts"
import { memoryKms } from "../support/memory-kms.ts"
import { movedClock } from "../support/moved-clock.ts"

const january = Date.UTC(2026, 0, 15)
const binding: readonly string[] = [
  "acme",
  "smc_1",
  "config",
  "generation",
  "platform generation",
  "secret/data/app",
]
const body = Buffer.from("the body")

async function keysOf(...platformIds: string[]) {
  const keyring = createKeyring({ kms: memoryKms(), clock: movedClock() })
  return Promise.all(
    platformIds.map(async (platformId) =>
      keyring.unwrap({ platformId, rootKey: await keyring.generate(platformId) }),
    ),
  )
}

async function oneKeys() {
  const [keys] = await keysOf("acme")
  if (!keys) throw new Error("No keys.")
  return keys
}

describe("what was sealed", () => {
  test("opens under the same platform, kind and binding", async () => {
    const keys = await oneKeys()
    expect(unseal(keys, "value", binding, seal(keys, "value", binding, body, january))).toEqual(body)
  })

  test("opens for no other kind", async () => {
    const keys = await oneKeys()
    const kinds: SealKind[] = [
      "value",
      "negative",
      "lease",
      "breaker",
      "status",
      "session",
      "config-view",
      "cursor",
    ]
    for (const sealedFor of kinds)
      for (const kind of kinds) {
        const opened = unseal(keys, kind, binding, seal(keys, sealedFor, binding, body, january))
        expect(opened !== undefined, `${sealedFor} as ${kind}`).toBe(kind === sealedFor)
      }
  })

  test("does not open where any member of its binding differs, is missing, doubled or joined to its neighbour", async () => {
    const keys = await oneKeys()
    const sealed = seal(keys, "value", binding, body, january)
    const others = binding.flatMap((member, i) => [
      binding.with(i, `${member}x`),
      binding.with(i, ""),
      binding.toSpliced(i, 1),
      binding.toSpliced(i, 0, member),
      binding.toSpliced(i, 2, `${member}${binding[i + 1] ?? ""}`),
    ])
    for (const other of others) {
      if (JSON.stringify(other) === JSON.stringify(binding)) continue
      expect(unseal(keys, "value", other, sealed), JSON.stringify(other)).toBeUndefined()
    }
  })

  test("does not open for another platform, even with the same binding", async () => {
    const [acme, evil] = await keysOf("acme", "evil")
    if (!acme || !evil) throw new Error("No keys.")
    const sealed = seal(acme, "value", binding, body, january)
    expect(unseal(evil, "value", binding, sealed)).toBeUndefined()
    expect(unseal(acme, "value", binding, sealed)).toBeDefined()
  })

  test("does not open with a bit flipped at any byte, truncated anywhere, or longer", async () => {
    const keys = await oneKeys()
    const sealed = seal(keys, "value", binding, body, january)
    for (let at = 0; at < sealed.length; at++) {
      const flipped = Buffer.from(sealed)
      flipped.writeUInt8(sealed.readUInt8(at) ^ (1 << (at % 8)), at)
      expect(unseal(keys, "value", binding, flipped), `byte ${at}`).toBeUndefined()
      expect(unseal(keys, "value", binding, sealed.subarray(0, at)), `length ${at}`).toBeUndefined()
    }
    expect(unseal(keys, "value", binding, Buffer.concat([sealed, Buffer.alloc(1)]))).toBeUndefined()
  })

  test("opens in a later month, and not with another month written in front", async () => {
    const keys = await oneKeys()
    const sealed = seal(keys, "value", binding, body, january)
    const february = seal(keys, "value", binding, body, Date.UTC(2026, 1, 1))
    expect(february.readUInt16BE(1)).toBe(sealed.readUInt16BE(1) + 1)
    expect(unseal(keys, "value", binding, february)).toEqual(body)
    expect(unseal(keys, "value", binding, sealed)).toEqual(body)
    for (let month = 0; month < 2 ** 16; month += 257) {
      const forged = Buffer.from(sealed)
      forged.writeUInt16BE(month, 1)
      if (!forged.equals(sealed)) expect(unseal(keys, "value", binding, forged)).toBeUndefined()
    }
  })

  test("is sealed under another key each month: neither header nor binding alone keeps months apart", async () => {
    const keys = await oneKeys()
    expect(keys.sealing(672).equals(keys.sealing(673))).toBe(false)
    expect(keys.sealing(672).equals(keys.sealing(672))).toBe(true)
  })

  test("never looks the same twice", async () => {
    const keys = await oneKeys()
    const all = Array.from({ length: 50 }, () => seal(keys, "value", binding, body, january).toString("hex"))
    expect(new Set(all).size).toBe(50)
  })
})

describe("the length of what was sealed", () => {
  /** Format, month, IV and tag. */
  const overhead = 3 + 12 + 16

  test("shows in steps of 256 bytes, from 2 KiB on in eighths of the power of two below", async () => {
    const keys = await oneKeys()
    const lengthOf = (bytes: number) =>
      seal(keys, "value", binding, Buffer.alloc(bytes), january).length - overhead
    expect([0, 1, 252].map(lengthOf)).toEqual([256, 256, 256])
    expect([253, 508].map(lengthOf)).toEqual([512, 512])
    expect([2049 - 4, 2304 - 4].map(lengthOf)).toEqual([2304, 2304])
    expect([4097 - 4, 4608 - 4].map(lengthOf)).toEqual([4608, 4608])
    expect(lengthOf(65_536)).toBe(73_728)
  })

  test("is at most an eighth, or 256 bytes, more than the body needs, and the body comes back whole", async () => {
    const keys = await oneKeys()
    for (let bytes = 0; bytes < 20_000; bytes += 97) {
      const plain = Buffer.alloc(bytes, "x")
      const sealed = seal(keys, "value", binding, plain, january)
      expect(sealed.length - overhead - 4 - bytes).toBeLessThan(Math.max(256, bytes / 8 + 1))
      expect(unseal(keys, "value", binding, sealed)).toEqual(plain)
    }
  })
})
