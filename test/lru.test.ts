import { describe, expect, test } from "vitest"
import { createLru } from "../core/lru.ts"

describe("a bounded map", () => {
  test("holds so many entries, and forgets those that were used longest ago", () => {
    const map = createLru<number>(3)
    for (const key of ["a", "b", "c"]) map.set(key, 1)
    map.get("a")
    map.set("d", 1)
    expect([...map.keys()].toSorted()).toEqual(["a", "c", "d"])
  })

  test("holds so many entries however small they are, and so many bytes however few they are", () => {
    const small = createLru<string>(3, { maxBytes: 3_000, bytesOf: (value) => value.length })
    for (const key of ["a", "b", "c", "d"]) small.set(key, "x")
    expect([...small.keys()].toSorted()).toEqual(["b", "c", "d"])

    const large = createLru<string>(3, { maxBytes: 3_000, bytesOf: (value) => value.length })
    for (const key of ["a", "b"]) large.set(key, "x".repeat(1_600))
    expect([...large.keys()]).toEqual(["b"])
  })

  test("does not take what is larger than all of it", () => {
    const map = createLru<string>(3, { maxBytes: 3_000, bytesOf: (value) => value.length })
    map.set("a", "x")
    map.set("b", "x".repeat(3_001))
    expect([...map.keys()]).toEqual(["a"])
  })
})
