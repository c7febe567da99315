import { globSync } from "node:fs"
import { basename } from "node:path"
import { expect, test } from "vitest"
import { providers } from "../../../core/providers/registry.ts"
import { canary, searchFor, writingsOf } from "./search.ts"

test("a canary is found in whatever writing, in part too, and no other one is", () => {
  const sought = canary('ä "q" +/?&=%\\')
  const search = searchFor({ sought, another: canary("another"), bytes: Buffer.alloc(32, 7) })
  for (const part of [sought, sought.slice(0, 14), sought.slice(-14)]) {
    for (const writing of writingsOf(part)) expect(search(`..${writing}..`)).toEqual(["sought"])
    for (const around of ["", "a", "ab", "abc"])
      for (const encoding of ["base64", "base64url", "hex"] as const) {
        const encoded = Buffer.from(`${around}${part}${around}`).toString(encoding)
        expect(search(`"${encoded}"`)).toEqual(["sought"])
      }
  }
  expect(search(sought.slice(1, -1))).toEqual([])
})

test("a key is found in whatever writing of its bytes", () => {
  const key = Buffer.from(Array.from({ length: 32 }, (_, byte) => 200 + byte))
  const search = searchFor({ key })
  for (const encoding of ["base64", "base64url", "hex", "latin1"] as const)
    expect(search(`..${Buffer.concat([Buffer.from("a"), key]).toString(encoding)}..`)).toEqual(["key"])
})

test("every secret manager has its canaries", () => {
  const files = globSync(`${import.meta.dirname}/*.test.ts`).map((file) => basename(file, ".test.ts"))
  expect(files).toEqual(expect.arrayContaining(providers.map(({ id }) => id)))
})
