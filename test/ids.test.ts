import { expect, test } from "vitest"
import { connectionIdPattern, newConnectionId, newNonce, newRequestId } from "../core/ids.ts"

test("ids are of their pattern, and none comes twice however many are made", () => {
  const ids = Array.from({ length: 500 }, () => [newConnectionId(), newRequestId(), newNonce()])
  for (const [connection, request, nonce] of ids) {
    expect(connection).toMatch(connectionIdPattern)
    expect(request).toMatch(/^req_[\w-]{21}$/)
    expect(nonce).toMatch(/^[\w-]{22}$/)
  }
  expect(new Set(ids.flat().map((id) => id.slice(-21))).size).toBe(1_500)
})

test("every character is about as likely as any other", () => {
  const counts = new Map<string, number>()
  const total = 22 * 5000
  for (let i = 0; i < 5000; i++)
    for (const character of newNonce()) counts.set(character, (counts.get(character) ?? 0) + 1)
  expect(counts.size).toBe(64)
  for (const count of counts.values()) expect(Math.abs(count / total - 1 / 64)).toBeLessThan(0.003)
})
