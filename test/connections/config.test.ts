import { expect, test } from "vitest"
import { mergeConfig } from "../../core/connections/config.ts"
import { onepassword } from "../../core/providers/onepassword/index.ts"

const connect = { url: "https://connect.example", token: "connect-token" }
const account = { signInAddress: "https://acme.1password.com", userAuth: {}, email: "a@b.c" }
const serviceAccountToken = `ops_${Buffer.from(JSON.stringify(account)).toString("base64url")}`

test("a whole configuration of another kind takes the place of the one before", () => {
  expect(mergeConfig(onepassword, connect, { serviceAccountToken }).plain).toEqual({ serviceAccountToken })
})

test("a part of another kind does not", () => {
  expect(() => mergeConfig(onepassword, { serviceAccountToken }, { token: "connect-token" })).toThrow(
    "The configuration does not fit the provider",
  )
})
