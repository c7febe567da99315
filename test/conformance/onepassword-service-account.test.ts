import { describe, expect, test, vi } from "vitest"
import { onepassword } from "../../core/providers/onepassword/index.ts"
import { connection } from "./connection.ts"
import { nonsense } from "./nonsense.ts"
import type { Altered } from "./proxy.ts"
import { traces } from "./traces.ts"

/**
 * A service account's vaults are end-to-end encrypted, so that nobody but 1Password can stand in for its server: what stands
 * in here is its SDK, whose answers are altered as JSON, which is how they come out of its core.
 */
const ids = { vault: "v".repeat(26), item: "i".repeat(26), other: "o".repeat(26), file: "f".repeat(26) }
const item = {
  title: "App",
  category: "Login",
  vaultId: ids.vault,
  version: 3,
  tags: ["a"],
  sections: [{ id: "s", title: "Admin area" }],
  fields: [
    { id: "password", title: "password", fieldType: "Concealed", value: "value-canary" },
    { id: "f2", title: "pass word?", sectionId: "s", fieldType: "Text", value: "in a section" },
    {
      id: "otp",
      title: "code",
      fieldType: "Totp",
      value: "otpauth://totp/x",
      details: { type: "Otp", content: { code: "123456" } },
    },
  ],
  notes: "a note",
  files: [{ attributes: { id: ids.file, name: "key.p12", size: 3 }, sectionId: "s", fieldId: "f" }],
  createdAt: "2026-01-01T00:00:00Z",
}

const siblings = [
  { path: "op://Team Vault/App/password", value: "value-canary" },
  { path: "op://Team Vault/App/Admin area/pass word?", value: "in a section" },
  { path: "op://Team Vault/App/notesPlain", value: "a note" },
] as const
const others = [
  { path: "op://Team Vault/App/code", options: { attribute: "otp" }, value: "123456" },
  { path: "op://Team Vault/App/key.p12", options: { encoding: "base64" }, value: "AQID" },
  { path: `op://${ids.vault}/${ids.other}/password`, value: "value-canary" },
] as const

let fate: () => "forward" | Altered = () => "forward"

/** What the core answered, as the SDK's client gives it. */
async function answered(answer: unknown): Promise<never> {
  const to = fate()
  const text = JSON.stringify(answer)
  const core = to === "forward" ? text : to.alter(Buffer.from(text)).toString()
  try {
    return JSON.parse(core, (_, value) =>
      Array.isArray(value) &&
      value.length > 0 &&
      value.every((one) => Number.isInteger(one) && one >= 0 && one < 256)
        ? new Uint8Array(value)
        : value,
    ) as never
  } catch (error) {
    if (error instanceof RangeError) throw error
    // Some of its own errors repeat what came.
    throw new Error(`error in the core: ${core.slice(0, 1_000)}`)
  }
}

vi.mock(import("@1password/sdk"), async (load) => ({
  ...(await load()),
  createClient: async () => {
    await answered({ clientId: 1 })
    return {
      vaults: {
        list: () => answered([{ id: ids.vault, title: "Team Vault" }]),
        getOverview: (id: string) => answered({ id, title: "Team Vault" }),
      },
      items: {
        list: () =>
          answered([
            { id: ids.item, title: "App" },
            { id: ids.other, title: "Other" },
          ]),
        get: (_: string, id: string) => answered({ ...item, id, title: id === ids.item ? "App" : "Other" }),
        files: { read: () => answered([1, 2, 3]) },
      },
    } as never
  },
}))

let accounts = 0
/** Of another account each time: sign-ins are remembered by token. */
const config = () => {
  const credentials = { signInAddress: "my.1password.com", email: `${++accounts}@example.com` }
  return { serviceAccountToken: `ops_${Buffer.from(JSON.stringify(credentials)).toString("base64url")}` }
}

const connect = (config: Record<string, unknown>, seen = traces()) =>
  connection({
    provider: onepassword,
    config,
    http: () => {
      throw new Error("A service account needs none.")
    },
    seen,
  })

describe("1Password's answers to a service account", () => {
  test("are values, names and a passing check", async () => {
    const client = connect(config())
    const secrets = [...siblings, ...others]
    expect(await client.resolve(...secrets)).toEqual(secrets.map(({ value }) => value))
    expect((await client.check()).steps).toEqual([{ name: "authenticate", ok: true }])
    expect((await client.browse("")).data.map(({ name }) => name)).toEqual(["Team Vault"])
  })

  describe("that make no sense", () =>
    nonsense({
      server: () => ({
        siblings,
        others,
        config,
        browsing: { config, long: { prefix: "op://Team Vault/App/", names: [] } },
      }),
      proxy: () => ({
        url: "",
        decide(next) {
          fate = next
        },
      }),
      connect,
    }))
})
