import { describe, expect, test } from "vitest"
import { LatchkeyProblem, type Problem, type TestReport } from "../../core/client/index.ts"
import { providerViews } from "../../core/connections/provider-views.ts"
import { formOf, newForm } from "../../web/src/editor/form.ts"
import type { Form } from "../../web/src/editor/provider-fields.ts"
import { fieldProblems, type Progress, save } from "../../web/src/editor/save.ts"
import { connection } from "./connections.ts"

const vault = (await providerViews("acme", {})).find(({ id }) => id === "hashicorp")
if (!vault) throw new Error("no provider")
const provider = vault

const passed: TestReport = {
  connected: true,
  checkedAt: "2026-01-01T00:00:00.000Z",
  steps: [{ name: "reach", ok: true }],
  warnings: [{ code: "ENDS_SOON", message: "It ends soon." }],
}
const base = connection()
const problemOf = (more: Partial<Problem>): LatchkeyProblem =>
  new LatchkeyProblem({
    type: "https://x",
    title: "x",
    status: 400,
    code: "SECRET_MANAGER_CONNECTION_FAILED",
    requestId: "r",
    params: { message: "" },
    hint: "",
    ...more,
  })

/** Saves a form against an API that does what it is told. */
async function run(
  form: Form,
  editing: boolean,
  answers: { test?: () => TestReport; save?: () => typeof base } = {},
) {
  const calls: string[] = []
  const progress: Progress[] = []
  const answer = (name: string, give: (() => unknown) | undefined, usual: unknown) => async () => {
    calls.push(name)
    return (give ? give() : usual) as never
  }
  const saved = await save({
    client: {
      testUnsaved: answer("test", answers.test, passed),
      createConnection: answer("create", answers.save, base),
      updateConnection: answer("update", answers.save, base),
    },
    form,
    provider,
    base: editing ? base : undefined,
    signal: new AbortController().signal,
    onProgress: (next) => progress.push(next),
  })
  const states = progress.map(({ test, save }) => `${test?.state ?? "untested"} ${save.state}`)
  return { saved, calls, states, last: progress.at(-1) }
}

const thrower = (error: unknown) => () => {
  throw error
}
const filled = {
  ...newForm(provider),
  name: "x",
  "config.url": "https://v",
  "config.roleId": "r",
  "config.secretId": "s",
}

describe("saving", () => {
  test("tests first, then saves, and passes on what is worth knowing", async () => {
    const { saved, calls, states } = await run(filled, false)
    expect(calls).toEqual(["test", "create"])
    expect(states).toEqual(["busy waiting", "ok waiting", "ok busy"])
    expect(saved).toEqual({ connection: base, warnings: passed.warnings })
  })

  test("does not save what failed its test", async () => {
    const { saved, calls, states } = await run(filled, false, {
      test: () => ({ ...passed, connected: false }),
    })
    expect(saved).toBeUndefined()
    expect(calls).toEqual(["test"])
    expect(states.at(-1)).toBe("failed waiting")
  })

  test("says where the test could not even be tried", async () => {
    const error = problemOf({ code: "THROTTLED", status: 429 })
    const { last } = await run(filled, false, { test: thrower(error) })
    expect(last).toMatchObject({ test: { state: "failed", error }, save: { state: "waiting" } })
  })

  test("says that saving failed after a test that did not", async () => {
    const error = problemOf({ code: "CONFLICT", status: 409 })
    const { last } = await run(filled, false, { save: thrower(error) })
    expect(last).toMatchObject({ test: { state: "ok" }, save: { state: "failed", error } })
  })

  test("asks for nothing where nothing has changed, and for no test where only the name has", async () => {
    expect((await run(formOf(base), true)).calls).toEqual([])
    const { calls, states } = await run({ ...formOf(base), name: "Other" }, true)
    expect([calls, states]).toEqual([["update"], ["untested busy"]])
  })
})

describe("saving with secrets that are stored", () => {
  const edited = { ...formOf(base), "config.roleId": "other" }

  test("is tested by saving, as a step of its own", async () => {
    const { calls, states } = await run(edited, true)
    expect([calls, states]).toEqual([["update"], ["busy waiting"]])
  })

  test.each([
    ["UNREACHABLE", undefined, ["reach bad"]],
    ["TLS", undefined, ["reach", "TLS bad"]],
    ["BAD_CREDENTIALS", { operation: "log in by AppRole", status: 400 }, ["reach", "log in by AppRole bad"]],
    ["SEALED", { operation: "read health", status: 503 }, ["reach", "read health bad"]],
    ["TIMEOUT", undefined, ["test bad"]],
  ] as const)("that fails by %s says at which step", async (reason, upstream, expected) => {
    const error = problemOf({ reason, ...(upstream && { upstream }) })
    const { last } = await run(edited, true, { save: thrower(error) })
    expect(last?.save.state).toBe("waiting")
    expect(last?.test?.steps.map(({ name, ok }) => (ok ? name : `${name} bad`))).toEqual(expected)
    expect(last?.test?.steps.at(-1)?.error).toBe(error.problem)
  })

  test("that fails otherwise was not tested", async () => {
    const error = problemOf({ code: "VERSION_CONFLICT", status: 412 })
    expect((await run(edited, true, { save: thrower(error) })).last).toEqual({
      save: { state: "failed", error },
    })
  })
})

test("what the API says is wrong is told by the form's names, as sentences", () => {
  const issues = [
    { pointer: "/config/url", message: "must be https" },
    { pointer: "/projectIds/3", message: "is no id." },
    { pointer: "/settings/allowedPaths/0", message: "is no pattern" },
  ]
  expect(fieldProblems(problemOf({ issues }))).toEqual({
    "config.url": "Must be https.",
    projectIds: "Is no id.",
    "settings.allowedPaths": "Is no pattern.",
  })
  expect(fieldProblems(new Error("x"))).toEqual({})
})
