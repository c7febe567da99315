import { expect, test } from "vitest"
import { countedKms } from "../../core/crypto/counted-kms.ts"
import { memoryKms } from "../support/memory-kms.ts"

test("every call of the key service is counted, and those that fail apart", async () => {
  const counts: string[] = []
  const kms = memoryKms()
  const counted = countedKms(kms, { count: (name) => void counts.push(name), time: () => {} })
  const context = { platformId: "acme", purpose: "platform" }

  const { plain, wrapped } = await counted.generateDataKey(context)
  expect(await counted.decrypt(wrapped, context)).toEqual(plain)
  const failing = countedKms(
    { ...kms, decrypt: () => Promise.reject(new Error("out of reach")) },
    { count: (name) => void counts.push(name), time: () => {} },
  )
  await expect(failing.decrypt(wrapped, context)).rejects.toThrow("out of reach")

  expect(counts).toEqual(["KmsCall", "KmsCall", "KmsCall", "KmsFailed"])
})
