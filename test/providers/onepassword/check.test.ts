import { expect, test } from "vitest"
import { connectWith, error, ids, ok } from "./connect-script.ts"

const day = 24 * 60 * 60
const jwt = (claims: object) =>
  ["e30", Buffer.from(JSON.stringify(claims)).toString("base64url"), "signature"].join(".")
const vaults = { vaults: ok([{ id: ids.vault, name: "V" }]) }

test("a check lists the vaults, with the token", async () => {
  const { check, paths } = connectWith(vaults)
  expect(await check()).toMatchObject({
    steps: [
      { name: "reach", ok: true },
      { name: "TLS", ok: true },
      { name: "authenticate", ok: true },
    ],
    warnings: [],
  })
  expect(paths()).toEqual(["vaults"])
})

test("a refused token fails to authenticate", async () => {
  const { steps } = await connectWith({ vaults: error(401) }).check()
  expect(steps.at(-1)).toMatchObject({
    name: "authenticate",
    ok: false,
    error: { reason: "BAD_CREDENTIALS" },
  })
})

test("a refused list is told as one, not as a vault that may not be read", async () => {
  const { steps } = await connectWith({ vaults: error(403) }).check()
  const failure = steps.at(-1)?.error
  expect(failure).toMatchObject({ reason: "PERMISSION_DENIED", upstream: { operation: "list vaults" } })
  expect(failure?.message).toContain("does not let the token list vaults")
})

test("a token that ends within 14 days is warned of, one that ends later or never is not", async () => {
  const now = Date.UTC(2026, 0, 1) / 1000
  const warningsOf = async (token: string) => (await connectWith(vaults, { token }).check()).warnings
  expect(await warningsOf(jwt({ exp: now + 14 * day }))).toMatchObject([
    { code: "CREDENTIAL_EXPIRES", at: "2026-01-15T00:00:00.000Z" },
  ])
  for (const token of [jwt({ exp: now + 15 * day }), jwt({}), jwt({ exp: 1e300 }), "a.!.c", "opaque"])
    expect(await warningsOf(token)).toEqual([])
})

test("a token that may read no vault is warned of", async () => {
  expect((await connectWith({ vaults: ok([]) }).check()).warnings).toMatchObject([{ code: "NO_VAULTS" }])
})
