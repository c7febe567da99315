import { globSync, readFileSync } from "node:fs"
import { expect, test } from "vitest"

/** Words between tags, and in attributes that people see or hear. What is between braces is code. */
const texts =
  />\s*([A-Za-z][\w'’,.:;!? -]{2,})\s*<\/|\b(?:aria-label|title|label|alt|hint)="([^"]*[A-Za-z]{2,}[^"]*)"/g

test("the console's words are among its strings, and nowhere else", () => {
  const files = globSync("web/src/**/*.tsx")
  expect(files.length).toBeGreaterThan(30)
  const found = files.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(texts)].map(
      ([, text, attribute]) => `${file}: ${text ?? attribute}`,
    ),
  )
  expect(found).toEqual([])
})
