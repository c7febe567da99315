import { readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { problemTexts, reasonHints, toProblem } from "../../core/contract/problems.ts"
import { problem } from "../../core/contract/shapes/problem.ts"
import { type Code, LatchkeyError, ProviderError, reasons, statusOf } from "../../core/errors.ts"
import { problemsPage } from "../../docs/problems-page.ts"

const codes = Object.keys(statusOf) as Code[]

describe("a problem", () => {
  test.each(codes)("of code %s fits the contract and has its status, title, page and hint", (code) => {
    const made = toProblem(new LatchkeyError(code, "what happened"), "req_1")

    expect(problem().parse(made)).toEqual(made)
    expect(made).toMatchObject({
      code,
      status: statusOf[code],
      requestId: "req_1",
      title: problemTexts[code].title,
    })
    expect(made.type).toMatch(/^https:\/\/[^ ]+\/problems\/[a-z-]+$/)
    expect(made.hint).toBe(problemTexts[code].hint)
  })

  test("has a type of its own for every code", () => {
    expect(new Set(codes.map((code) => toProblem(new LatchkeyError(code, ""), "r").type)).size).toBe(
      codes.length,
    )
  })

  test.each(reasons)("with the reason %s says what to do about that", (reason) => {
    const error = new LatchkeyError("SECRET_MANAGER_GET_SECRET_FAILED", "no", { reason })

    expect(toProblem(error, "r")).toMatchObject({ reason, hint: reasonHints[reason] })
  })

  test("carries what is known about the failure, and the message where Activepieces' clients look", () => {
    const fields = {
      reason: "PERMISSION_DENIED",
      providerId: "hashicorp",
      connectionId: "smc_1",
      pointer: "/a",
      upstream: { operation: "read secret", status: 403 },
      issues: [{ pointer: "/b", message: "is required" }],
      retryAfterSeconds: 3,
    } as const
    const made = toProblem(
      new LatchkeyError("SECRET_MANAGER_GET_SECRET_FAILED", "Vault said no.", {
        ...fields,
        issues: [...fields.issues],
      }),
      "r",
    )

    expect(made).toMatchObject({ ...fields, detail: "Vault said no.", params: { message: "Vault said no." } })
    expect(problem().parse(made)).toEqual(made)
  })

  test("shows nothing of a cause, nor of fields that it does not know", () => {
    const error = new LatchkeyError(
      "UNAVAILABLE",
      "storage",
      { upstream: { operation: "read", headers: "canary" } as never, extra: "canary" } as never,
      { cause: new Error("canary") },
    )

    expect(JSON.stringify(toProblem(error, "r"))).not.toContain("canary")
  })

  test.each([
    ["an error", new Error("canary")],
    ["a provider's error that nobody translated", new ProviderError("TLS", "canary")],
    ["a bug that was named", new LatchkeyError("INTERNAL", "canary", { reason: "TLS" })],
    ["text", "canary"],
    ["nothing", undefined],
    ["what only looks like an error of ours", { code: "VALIDATION", message: "canary", fields: {} }],
  ])("of %s is INTERNAL and tells the request's id only", (_, thrown) => {
    const made = toProblem(thrown, "req_1")

    expect(made).toMatchObject({ code: "INTERNAL", status: 500, requestId: "req_1" })
    expect(made).not.toHaveProperty("detail")
    expect(made).not.toHaveProperty("reason")
    expect(JSON.stringify(made)).not.toContain("canary")
  })

  test("is documented: docs/problems.md lists every code and reason (else run `npm run openapi`)", () => {
    expect(readFileSync("docs/problems.md", "utf8")).toBe(problemsPage())
    for (const code of codes) expect(problemsPage()).toContain(`## ${code}\n`)
  })
})
