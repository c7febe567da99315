import { describe, expect, test } from "vitest"
import { signPost } from "../../../core/providers/hashicorp/aws-signature.ts"
import { Secret } from "../../../core/secret.ts"

/** From AWS's Signature Version 4 test suite: https://github.com/awslabs/aws-c-auth/tree/main/tests/aws-signing-test-suite/v4 */
const credentials = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: new Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
}
const vanilla = {
  host: "example.amazonaws.com",
  region: "us-east-1",
  service: "service",
  headers: {},
  body: "",
  now: Date.parse("2015-08-30T12:36:00Z"),
}
const sessionToken =
  "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
const form = { "content-type": "application/x-www-form-urlencoded" }

describe("the signature", () => {
  test.each([
    {
      vector: "post-vanilla",
      request: vanilla,
      token: undefined,
      headers: "host;x-amz-date",
      signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    },
    {
      vector: "post-x-www-form-urlencoded",
      request: { ...vanilla, headers: form, body: "Param1=value1" },
      token: undefined,
      headers: "content-type;host;x-amz-date",
      signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    },
    {
      vector: "post-sts-header-before",
      request: vanilla,
      token: sessionToken,
      headers: "host;x-amz-date;x-amz-security-token",
      signature: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
    },
  ])("is AWS's for $vector", async ({ request, token, headers, signature }) => {
    const signed = await signPost(request, {
      ...credentials,
      ...(token !== undefined && { sessionToken: new Secret(token) }),
    })

    expect(signed.authorization).toBe(
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${headers}, Signature=${signature}`,
    )
    expect(signed["x-amz-date"]).toBe("20150830T123600Z")
    expect(signed["x-amz-security-token"]).toBe(token)
  })
})
