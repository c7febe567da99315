import { describe, expect, test } from "vitest"
import { ProviderError } from "../../../core/errors.ts"
import type { Phase } from "../../../core/network/http.ts"
import { deep } from "../deps.ts"
import { appRole, byToken, data, errors, kv2, login, mount, vaultWith } from "./vault-script.ts"

const forbidden = errors(403, "permission denied")
const probing = { ...appRole, probePath: "secret/data/probe" }
const steps = async (vault: ReturnType<typeof vaultWith>) =>
  (await vault.check()).steps.map(({ name, ok, error }) => (ok ? name : `${name}: ${error?.reason}`))
const warnings = async (vault: ReturnType<typeof vaultWith>) =>
  (await vault.check()).warnings.map(({ code }) => code)
/** A request that fails before or after the server was authenticated. */
const failing = (reason: "UNREACHABLE" | "TLS" | "BLOCKED_ADDRESS" | "TIMEOUT", ...phases: Phase[]) => ({
  phases,
  status: 0,
  error: new ProviderError(reason, reason),
})

describe("checking a connection", () => {
  test("logs in, looks the token up, and asks for nothing else", async () => {
    const vault = vaultWith({})
    expect(await steps(vault)).toEqual(["reach", "TLS", "authenticate"])
    expect(vault.paths()).toEqual(["POST auth/approle/login", "GET auth/token/lookup-self"])
  })

  test("logs in although there is a session", async () => {
    const vault = vaultWith({ "GET secret/data/app": kv2({ k: "v" }) })
    await vault.resolve("secret/data/app/k")
    await vault.check()
    expect(vault.paths().filter((line) => line === "POST auth/approle/login")).toHaveLength(2)
  })

  test("reads the probe", async () => {
    const vault = vaultWith({ "GET secret/data/probe": kv2({ k: "v" }) }, probing)
    expect(await steps(vault)).toEqual(["reach", "TLS", "authenticate", "read"])
  })

  test.each([
    ["it is there", { k: "v" }, "read"],
    ["it is not", { other: "v" }, "read: NOT_FOUND"],
  ])("takes a probe with a key at its end, as references have it: %s", async (_, secret, read) => {
    const script = { "GET secret/data/probe/k": errors(404), "GET secret/data/probe": kv2(secret) }
    const vault = vaultWith(script, { ...appRole, probePath: "secret/data/probe/k" })
    expect(await steps(vault)).toEqual(["reach", "TLS", "authenticate", read])
  })

  test("fails at a probe that it may not read, with one step", async () => {
    expect(await steps(vaultWith({ "GET secret/data/probe": forbidden }, probing))).toEqual([
      "reach",
      "TLS",
      "authenticate",
      "read: PERMISSION_DENIED",
    ])
  })

  test("leaves no notes with the session that others share", async () => {
    const vault = vaultWith(
      { "GET secret/data/probe": kv2({ k: "v" }), "GET secret/data/app": errors(404) },
      probing,
    )
    await vault.check()
    expect(vault.deps.sessions.session).toBeUndefined()
  })

  test.each([
    ["UNREACHABLE", [], ["reach: UNREACHABLE"]],
    ["BLOCKED_ADDRESS", [], ["reach: BLOCKED_ADDRESS"]],
    ["TIMEOUT", [], ["reach: TIMEOUT"]],
    ["TLS", ["reach"], ["reach", "TLS: TLS"]],
    ["TIMEOUT", ["reach"], ["reach", "TLS: TIMEOUT"]],
    ["TIMEOUT", ["reach", "TLS"], ["reach", "TLS", "authenticate: TIMEOUT"]],
  ] as const)("tells %s after %j by its step", async (reason, phases, expected) => {
    const vault = vaultWith({ "POST auth/approle/login": failing(reason, ...phases) })
    expect(await steps(vault)).toEqual(expected)
  })

  test("tells no time of anything before TLS", async () => {
    const vault = vaultWith({
      "POST auth/approle/login": async () => {
        vault.deps.clock.advance(100)
        return login("s.1")
      },
    })
    const { steps } = await vault.check()
    expect(steps.map(({ name, latencyMs }) => [name, latencyMs])).toEqual([
      ["reach", undefined],
      ["TLS", 0],
      ["authenticate", 0],
    ])
  })

  test.each([
    ["a wrong secret id", errors(400, "invalid role or secret ID"), "BAD_CREDENTIALS"],
    [
      "a wrong secret id, before Vault 1.10",
      errors(500, "failed to validate secret ID: invalid secret id"),
      "BAD_CREDENTIALS",
    ],
    ["a missing auth mount", errors(404, 'no handler for route "auth/approle/login"'), "BAD_CREDENTIALS"],
    ["a forbidden namespace", forbidden, "BAD_CREDENTIALS"],
    ["another server", { status: 404, body: "<html>" }, "PROVIDER_ERROR"],
    ["another server that answers all", { status: 200, body: "<html>" }, "PROVIDER_ERROR"],
    ["a second factor", login("", { mfa_requirement: {} }), "PROVIDER_ERROR"],
    ["a token that breaks a header", login("s.1\r\nX: y"), "PROVIDER_ERROR"],
    ["a failure", errors(500, "internal error"), "PROVIDER_ERROR"],
    ["a failure that nests deep", { status: 500, body: `{"errors":[${deep}]}` }, "PROVIDER_ERROR"],
    ["a seal", errors(503, "Vault is sealed"), "SEALED"],
    ["a quota", errors(429), "THROTTLED"],
  ])("fails to authenticate at %s", async (_, answer, reason) => {
    expect(await steps(vaultWith({ "POST auth/approle/login": answer }))).toEqual([
      "reach",
      "TLS",
      `authenticate: ${reason}`,
    ])
  })

  test("a role's token that may not look itself up is a warning", async () => {
    const vault = vaultWith({ "GET auth/token/lookup-self": forbidden })
    expect(await steps(vault)).toEqual(["reach", "TLS", "authenticate"])
    expect(await warnings(vault)).toEqual(["LOOKUP_DENIED"])
  })

  test("over plain http there is no TLS step", async () => {
    expect(await steps(vaultWith({}, { ...appRole, url: "http://vault.internal" }))).toEqual([
      "reach",
      "authenticate",
    ])
  })
})

describe("checking a token", () => {
  const probingToken = { ...byToken, probePath: "secret/data/probe" }

  test("looks it up and logs nobody in", async () => {
    const vault = vaultWith({}, byToken)
    expect(await steps(vault)).toEqual(["reach", "TLS", "authenticate"])
    expect(vault.paths()).toEqual(["GET auth/token/lookup-self"])
  })

  test("that may not look itself up proves nothing without a probe", async () => {
    expect(await steps(vaultWith({ "GET auth/token/lookup-self": forbidden }, byToken))).toEqual([
      "reach",
      "TLS",
      "authenticate: BAD_CREDENTIALS",
    ])
  })

  test("that may not look itself up is good if it reads the probe", async () => {
    const script = { "GET auth/token/lookup-self": forbidden, "GET secret/data/probe": kv2({}) }
    expect(await steps(vaultWith(script, probingToken))).toEqual(["reach", "TLS", "authenticate", "read"])
    expect(await warnings(vaultWith(script, probingToken))).toEqual(["LOOKUP_DENIED"])
  })

  test("that is refused everywhere is bad", async () => {
    const vault = vaultWith(
      { "GET auth/token/lookup-self": forbidden, "GET sys/internal/ui/mounts/secret/data/probe": forbidden },
      probingToken,
    )
    expect(await steps(vault)).toEqual(["reach", "TLS", "authenticate: BAD_CREDENTIALS"])
  })

  test("that is good but finds no probe fails at reading", async () => {
    const vault = vaultWith(
      { "GET auth/token/lookup-self": forbidden, "GET secret/data/probe": errors(404) },
      probingToken,
    )
    expect(await steps(vault)).toEqual(["reach", "TLS", "authenticate", "read: NOT_FOUND"])
  })
})

describe("warnings", () => {
  const looked = (self: object, config = byToken) =>
    vaultWith({ "GET auth/token/lookup-self": data(self) }, config)

  test("a token that ends within 14 days, and when", async () => {
    const report = await looked({ expire_time: "2026-01-15T00:00:00.123456789Z" }).check()
    expect(report.warnings).toEqual([])
    const soon = await looked({ expire_time: "2026-01-14T23:59:59.123456789Z" }).check()
    expect(soon.warnings).toMatchObject([{ code: "CREDENTIAL_EXPIRES", at: "2026-01-14T23:59:59.123Z" }])
  })

  test("none of an end that is no time, however deep it nests", async () => {
    const self = { status: 200, body: `{"data":{"expire_time":${deep}}}` }
    expect(await warnings(vaultWith({ "GET auth/token/lookup-self": self }, byToken))).toEqual([])
  })

  test("a role's token ends soon by design", async () => {
    expect(await warnings(looked({ expire_time: "2026-01-01T01:00:00Z" }, appRole as never))).toEqual([])
  })

  test("root policy, whoever gave it", async () => {
    expect(await warnings(looked({ policies: ["root"], expire_time: null }))).toEqual(["ROOT_POLICY"])
    expect(
      await warnings(looked({ policies: ["default"], identity_policies: ["root"] }, appRole as never)),
    ).toEqual(["ROOT_POLICY"])
  })

  test("few uses left", async () => {
    expect(await warnings(looked({ num_uses: 3 }))).toEqual(["FEW_USES_LEFT"])
    expect(await warnings(looked({ num_uses: 0 }))).toEqual([])
  })
})

test("a namespace that does not exist is named", async () => {
  const vault = vaultWith(
    { "GET auth/token/lookup-self": errors(404, "namespace not found") },
    { ...byToken, namespace: "nope" },
  )
  expect(await steps(vault)).toEqual(["reach", "TLS", "authenticate: BAD_CREDENTIALS"])
})

test("a mount in a namespace below, written before the path, is found", async () => {
  const vault = vaultWith({
    "GET sys/internal/ui/mounts/team/kv/data/app": mount("team/kv/", "2"),
    "GET team/kv/data/app": kv2({ k: "v" }),
  })
  expect(await vault.resolve("team/kv/data/app/k")).toEqual(["v"])
})
