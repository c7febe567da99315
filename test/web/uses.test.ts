import { expect, test } from "vitest"
import { byProject, countProjects, searchUses } from "../../web/src/usage/uses.ts"

const use = (path: string, day: number, projectId?: string) => ({
  path,
  lastResolvedAt: `2026-01-0${day}T00:00:00Z`,
  ...(projectId !== undefined && { projectId }),
})
const uses = [use("a/key", 1, "red"), use("b", 3), use("c", 2, "red"), use("d", 4, "blue")]

test("what uses a connection stands by project, the latest first; the platform itself is none", () => {
  expect(byProject(uses).map(({ projectId, uses }) => [projectId, uses.map(({ path }) => path)])).toEqual([
    ["blue", ["d"]],
    [undefined, ["b"]],
    ["red", ["c", "a/key"]],
  ])
  expect(countProjects(uses)).toBe(2)
})

test("it is found by words of path and project, all of which must fit", () => {
  expect(searchUses(uses, " RED  key").map(({ path }) => path)).toEqual(["a/key"])
  expect(searchUses(uses, "").map(({ path }) => path)).toEqual(["d", "b", "c", "a/key"])
})
