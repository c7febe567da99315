import { expect, test } from "vitest"
import { mergeConfig } from "../../core/connections/config.ts"
import { aws } from "../../core/providers/aws/index.ts"
import { onepassword } from "../../core/providers/onepassword/index.ts"

const connect = { url: "https://connect.example", token: "connect-token" }
const account = { signInAddress: "https://acme.1password.com", userAuth: {}, email: "a@b.c" }
const serviceAccountToken = `ops_${Buffer.from(JSON.stringify(account)).toString("base64url")}`

const keys = { region: "eu-west-1", accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "s3cret" }

test("a whole configuration of another kind takes the place of the one before", () => {
  expect(mergeConfig(onepassword, connect, { serviceAccountToken }).plain).toEqual({ serviceAccountToken })
})

test("a part of another kind does not", () => {
  expect(() => mergeConfig(onepassword, { serviceAccountToken }, { token: "connect-token" })).toThrow(
    "The configuration does not fit the provider",
  )
})

test("an AWS connection that changes from keys to a role loses its keys", () => {
  const roleArn = "arn:aws:iam::123456789012:role/latchkey"
  const { plain } = mergeConfig(aws, keys, { roleArn })
  expect(plain).toEqual({ region: "eu-west-1", roleArn })
})

test("what does not fit is named by its field where a provider has several forms", () => {
  const bad = { secretAccessKey: "s", accessKeyId: "not an id" }
  expect(() => mergeConfig(aws, keys, bad)).toThrow(
    expect.objectContaining({
      fields: {
        issues: [{ pointer: "/config/accessKeyId", message: expect.stringContaining("access key's id") }],
      },
    }),
  )
})
