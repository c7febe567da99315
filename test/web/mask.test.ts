import { expect, test } from "vitest"
import { masked } from "../../web/src/resolve/mask.ts"

test("what was resolved is hidden wherever it stands, and nothing else", () => {
  const value = { "a/b": ["secret", "plain"], "m~n": { x: "secret" }, failed: null, count: 1 }
  expect(masked(value, ["/a~1b/0", "/m~0n/x", "/failed"], "***")).toEqual({
    "a/b": ["***", "plain"],
    "m~n": { x: "***" },
    failed: null,
    count: 1,
  })
  expect(masked("secret", [""], "***")).toBe("***")
  expect(Object.keys(masked(JSON.parse('{"__proto__":"secret"}'), ["/__proto__"], "***") ?? {})).toEqual([
    "__proto__",
  ])
})
