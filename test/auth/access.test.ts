import { describe, expect, test } from "vitest"
import {
  assertKind,
  assertProject,
  assertUnexpired,
  contextFromPrincipal,
  mayClear,
  principalFromContext,
  reachOf,
} from "../../core/auth/access.ts"
import { principalOfDirectCall } from "../../core/auth/direct-caller.ts"
import type { Kind, Principal } from "../../core/auth/principal.ts"

const base = { platformId: "acme", subject: "s", type: "USER", role: "MEMBER", expiresAt: 1000 } as const
const callers = {
  admin: { ...base, role: "ADMIN" },
  "admin with projects": { ...base, role: "ADMIN", projectIds: ["p1"] },
  service: { ...base, type: "SERVICE" },
  "service of p1": { ...base, type: "SERVICE", projectIds: ["p1"] },
  "service of none": { ...base, type: "SERVICE", projectIds: [] },
  "admin service": { ...base, type: "SERVICE", role: "ADMIN" },
  "member of p1": { ...base, projectIds: ["p1"] },
  "member of none": base,
} satisfies Record<string, Principal>

type Caller = keyof typeof callers

function outcome(act: () => unknown): unknown {
  try {
    return act() ?? "ok"
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe("who an operation is open to", () => {
  const opens: [Caller, Kind[]][] = [
    ["admin", ["admin"]],
    ["service", ["service"]],
    ["admin service", ["admin", "service"]],
    ["member of p1", ["member"]],
  ]
  test.each(opens)("%s: %j", (caller, kinds) => {
    for (const kind of ["admin", "member", "service"] as const)
      expect(outcome(() => assertKind(callers[caller], [kind]))).toBe(
        kinds.includes(kind) ? "ok" : "AUTHORIZATION",
      )
  })
})

describe("which project a caller may name", () => {
  const forbidden = "AUTHORIZATION"
  test.each<[Caller, unknown, unknown, unknown]>([
    // caller, no project, p1, p2
    ["admin", "any", ["p1"], ["p2"]],
    ["admin with projects", "any", ["p1"], ["p2"]],
    ["service", "any", ["p1"], ["p2"]],
    ["service of p1", ["p1"], ["p1"], forbidden],
    ["service of none", [], forbidden, forbidden],
    ["admin service", "any", ["p1"], ["p2"]],
    ["member of p1", forbidden, ["p1"], forbidden],
    ["member of none", forbidden, forbidden, forbidden],
  ])("%s", (caller, none, p1, p2) => {
    const principal = callers[caller]
    expect(outcome(() => reachOf(principal, undefined))).toEqual(none)
    expect(outcome(() => reachOf(principal, "p1"))).toEqual(p1)
    expect(outcome(() => reachOf(principal, "p2"))).toEqual(p2)
    expect(outcome(() => assertProject(principal, "p2"))).toBe(p2 === forbidden ? forbidden : "ok")
  })
})

describe("what a caller may clear", () => {
  test.each<[Caller, ...outcomes: (boolean | "AUTHORIZATION")[]]>([
    // caller, whole platform, platform's connection, p1's, p2's
    ["admin", true, true, true, true],
    ["service", true, true, true, true],
    ["service of p1", "AUTHORIZATION", "AUTHORIZATION", true, false],
    ["service of none", "AUTHORIZATION", "AUTHORIZATION", false, false],
  ])("%s", (caller, whole, platform, p1, p2) => {
    const clear = (connection?: Parameters<typeof mayClear>[1]) =>
      outcome(() => mayClear(callers[caller], connection))
    expect(clear()).toBe(whole)
    expect(clear({ scope: "PLATFORM" })).toBe(platform)
    expect(clear({ scope: "PROJECT", projectIds: ["p0", "p1"] })).toBe(p1)
    expect(clear({ scope: "PROJECT", projectIds: ["p2"] })).toBe(p2)
  })
})

test("a token that has expired since it was verified is refused", () => {
  expect(outcome(() => assertUnexpired(base, 1_004_999))).toBe("ok")
  expect(outcome(() => assertUnexpired(base, 1_005_000))).toBe("AUTHENTICATION")
})

describe("the authorizer's context", () => {
  test.each(Object.keys(callers) as Caller[])("brings back the principal it was made from: %s", (caller) => {
    const context = contextFromPrincipal(callers[caller])
    for (const value of Object.values(context)) expect(value).toBeTypeOf("string")
    expect(principalFromContext({ ...context, principalId: "s", integrationLatency: 7 })).toEqual(
      callers[caller],
    )
  })

  const good = contextFromPrincipal(callers["member of p1"])
  test.each<[string, unknown]>([
    ["missing", undefined],
    ["null", null],
    ["a string", "acme"],
    ["a list", [good]],
    ["without platform", { ...good, platformId: undefined }],
    [
      "with an inherited platform",
      Object.assign(Object.create({ platformId: "acme" }), { ...good, platformId: undefined }),
    ],
    ["with a platform that is no id", { ...good, platformId: "a#b" }],
    ["with an empty subject", { ...good, subject: "" }],
    ["with another role", { ...good, role: "ROOT" }],
    ["with another type", { ...good, type: "" }],
    ["with an expiry that is a number", { ...good, expiresAt: 1000 }],
    ["with an expiry in words", { ...good, expiresAt: "Infinity" }],
    ["without expiry", { ...good, expiresAt: undefined }],
    ["with projects that are no JSON", { ...good, projectIds: "p1" }],
    ["with projects that are no list", { ...good, projectIds: '{"p1":1}' }],
    ["with projects that are no ids", { ...good, projectIds: '["p1",2]' }],
    ["with empty projects", { ...good, projectIds: "" }],
  ])("is refused %s", (_, context) => {
    expect(outcome(() => principalFromContext(context))).toBe("AUTHENTICATION")
  })
})

describe("a direct caller", () => {
  const configured = [
    { name: "engine", platforms: ["acme"] },
    { name: "portal", platforms: ["*"] },
  ]
  const arn = "arn:aws:lambda:eu-west-1:123456789012:function:latchkey-resolve-direct"

  test("is the alias by which it invoked, a service of any project", () => {
    expect(principalOfDirectCall(`${arn}:engine`, "acme", configured)).toMatchObject({
      platformId: "acme",
      subject: "engine",
      type: "SERVICE",
      role: "MEMBER",
    })
    expect(principalOfDirectCall(`${arn}:portal`, "globex", configured).platformId).toBe("globex")
  })

  test.each([
    ["without an alias", arn, "acme"],
    ["by version", `${arn}:$LATEST`, "acme"],
    ["by an unknown alias", `${arn}:other`, "acme"],
    ["by something that is no function", "arn:aws:iam:eu:1:function:x:engine", "acme"],
    ["by a longer name", `${arn}:engine:more`, "acme"],
    ["for a platform that is not its own", `${arn}:engine`, "globex"],
    ["for the platform *", `${arn}:portal`, "*"],
    ["by nothing", "", "acme"],
  ])("is refused %s", (_, invoked, platformId) => {
    expect(outcome(() => principalOfDirectCall(invoked, platformId, configured))).toBe("AUTHORIZATION")
  })
})
