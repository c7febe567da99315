import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { allowedPathProblem, allowedPaths } from "../../core/references/allowed-paths.ts"

// biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder as admins write it
const project = "projects/${projectId}/**"

const segment = fc.string({ unit: fc.constantFrom(..."a*$. {}"), minLength: 1, maxLength: 4 })
const few = (...names: string[]) => fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 4 })
const path = fc.array(segment, { minLength: 1, maxLength: 5 }).map((segments) => segments.join("/"))

describe("allowed paths", () => {
  test.each([
    ["secret/data/app/key", "secret/data/app/key", true],
    ["secret/data/app/key", "secret/data/app/key2", false],
    ["secret/data/app/key", "secret/data/app", false],
    ["secret/data/app", "secret/data/app/key", false],
    ["secret/*/app/key", "secret/data/app/key", true],
    ["secret/*/app/key", "secret/data/more/app/key", false],
    ["secret/*/key", "secret//key", false],
    ["*", "a", true],
    ["*", "a/b", false],
    ["secret/data/app/**", "secret/data/app/key", true],
    ["secret/data/app/**", "secret/data/app/team/key", true],
    ["secret/data/app/**", "secret/data/app", false],
    ["secret/data/app/**", "secret/data/application/key", false],
    ["**", "a", true],
    ["**", "a/b/c", true],
    ["*/*/**", "a/b", false],
    ["*/*/**", "a/b/c", true],
    ["op://Production/**", "op://Production/Stripe/Secret Key", true],
    ["op://Production/**", "op://Staging/Stripe/Secret Key", false],
    ["op://*/Stripe/*", "op://Production/Stripe/key", true],
    ["prod/db#password", "prod/db#password", true],
    ["prod/db", "prod/db#password", false],
    ["app-*", "app-1", false],
    ["app-*", "app-*", true],
    ["a.b", "axb", false],
    ["Secret", "secret", false],
    ["a/**/c", "a/b/c", false],
    ["a/**/c", "a/**/c", false],
  ])("by %s: %s is allowed: %s", (pattern, path, allowed) => {
    expect(allowedPaths([pattern]).allows(path)).toBe(allowed)
  })

  test("that are absent allow everything, an empty list nothing", () => {
    fc.assert(
      fc.property(path, (path) => {
        expect(allowedPaths(undefined).allows(path)).toBe(true)
        expect(allowedPaths(["**"]).allows(path)).toBe(true)
        expect(allowedPaths([]).allows(path)).toBe(false)
        expect(allowedPaths([]).allowsBelow("")).toBe(false)
      }),
    )
  })

  test("allow what any of the patterns allows", () => {
    const { allows } = allowedPaths(["a/*", "b/**"])
    expect([allows("a/1"), allows("b/1/2"), allows("c/1")]).toEqual([true, true, false])
  })

  test("without wildcards allow themselves and nothing else", () => {
    fc.assert(
      fc.property(path, path, (pattern, path) => {
        fc.pre(!pattern.split("/").some((text) => text === "*" || text === "**"))
        expect(allowedPaths([pattern]).allows(pattern)).toBe(true)
        expect(allowedPaths([pattern]).allows(path)).toBe(pattern === path)
      }),
    )
  })
})

describe("the named project", () => {
  test("stands for one segment", () => {
    const { allows } = allowedPaths([project], "p1")
    expect(allows("projects/p1/key")).toBe(true)
    expect(allows("projects/p2/key")).toBe(false)
    expect(allows("projects/p1")).toBe(false)
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a path that looks like the placeholder
    expect(allows("projects/${projectId}/key")).toBe(false)
  })

  test.each([[undefined], [""]])("matches nothing where it is %j", (projectId) => {
    const { allows, allowsBelow } = allowedPaths([project], projectId)
    expect(allows("projects/p1/key")).toBe(false)
    expect(allows("projects//key")).toBe(false)
    expect(allows("projects/undefined/key")).toBe(false)
    expect(allowsBelow("projects")).toBe(false)
  })

  test.each(["p1/key", "*", "**", "p1/..", "../p1", "/", ".*"])(
    "%j has no meaning as a pattern",
    (projectId) => {
      const { allows } = allowedPaths([project], projectId)
      for (const path of [
        "projects/p1/key",
        "projects/p1/key/x",
        `projects/${projectId}x/key`,
        "projects/a/b/c",
      ]) {
        expect(allows(path)).toBe(false)
      }
      expect(allows(`projects/${projectId}/key`)).toBe(!projectId.includes("/"))
    },
  )
})

describe("folders", () => {
  test.each([
    ["a/b/c", "", true],
    ["a/b/c", "a", true],
    ["a/b/c", "a/", true],
    ["a/b/c", "a/b", true],
    ["a/b/c", "a/b/c", false],
    ["a/b/c", "a/x", false],
    ["a/*/c", "a/x/", true],
    ["a/**", "a", true],
    ["a/**", "a/b/c/d", true],
    ["a/**", "b", false],
  ])("by %s: %j may hold an allowed path: %s", (pattern, folder, allowed) => {
    expect(allowedPaths([pattern]).allowsBelow(folder)).toBe(allowed)
  })

  test("above an allowed path are shown, all of them", () => {
    fc.assert(
      fc.property(few("*", "a", "b"), fc.boolean(), few("a", "b"), (pattern, rest, segments) => {
        const { allows, allowsBelow } = allowedPaths([[...pattern, ...(rest ? ["**"] : [])].join("/")])
        fc.pre(allows(segments.join("/")))
        for (let length = 0; length < segments.length; length++) {
          expect(allowsBelow(segments.slice(0, length).join("/"))).toBe(true)
        }
      }),
    )
  })
})

describe("a pattern", () => {
  test.each(["a", "*", "**", "a/**", "a/*/b", project, "a".repeat(512), "😀".repeat(512)])(
    "%j may be stored",
    (pattern) => {
      expect(allowedPathProblem(pattern)).toBeUndefined()
    },
  )

  test.each([
    ["", "empty"],
    ["a".repeat(513), "512"],
    ["a/**/b", "last segment"],
    ["**/b", "last segment"],
    ["**/**", "last segment"],
  ])("%j may not", (pattern, problem) => {
    expect(allowedPathProblem(pattern)).toContain(problem)
  })
})
