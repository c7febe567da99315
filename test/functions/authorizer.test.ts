import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { principalFromContext } from "../../core/auth/access.ts"
import { createTokenVerifier, type TokenVerifier } from "../../core/auth/token.ts"
import { createAuthorizer } from "../../functions/authorizer.ts"
import { createLog } from "../../functions/chain/log.ts"
import { audience, issuer, movedClock, newKey } from "../auth/fake-issuer.ts"
import { capturedOutput } from "./fakes.ts"

const key = await newKey()
const verifier = createTokenVerifier({
  issuers: [{ issuer, audience, publicKeys: [key.publicJwk], platforms: ["acme"] }],
  clock: movedClock(),
})

let output: ReturnType<typeof capturedOutput>
beforeEach(() => {
  output = capturedOutput()
})
afterEach(() => {
  vi.restoreAllMocks()
})

const methodArn = "arn:aws:execute-api:eu-west-1:123456789012:abc123/prod/POST/api/v1/secret-managers/resolve"
const authorize = (
  event: object,
  getVerifier: () => Promise<TokenVerifier> = () => Promise.resolve(verifier),
) => createAuthorizer({ getVerifier, log: createLog() })({ type: "REQUEST", methodArn, ...event })

describe("the authorizer", () => {
  test("allows the whole stage, since its answer is remembered for every route", async () => {
    const token = await key.sign({ role: "ADMIN", projectIds: ["p1"] })
    const { principalId, policyDocument, context } = await authorize({
      headers: { Authorization: `Bearer ${token}` },
    })
    expect(principalId).toBe("user-1")
    expect(policyDocument.Statement).toEqual([
      {
        Action: "execute-api:Invoke",
        Effect: "Allow",
        Resource: "arn:aws:execute-api:eu-west-1:123456789012:abc123/prod/*/*",
      },
    ])
    expect(principalFromContext(context)).toMatchObject({
      platformId: "acme",
      role: "ADMIN",
      projectIds: ["p1"],
    })
  })

  test("names the caller to the access log so that no name can write a line of its own", async () => {
    const sub = 'eve","status":"200\\'
    const { principalId, context } = await authorize({
      headers: { authorization: `Bearer ${await key.sign({ sub })}` },
    })
    expect(JSON.parse(`{"subject":"${principalId}"}`)).toEqual({ subject: sub })
    expect(principalFromContext(context).subject).toBe(sub)
  })

  test("answers a missing or refused token with exactly Unauthorized, and logs why without the token", async () => {
    const token = await key.sign({ aud: "elsewhere" })
    const good = `Bearer ${await key.sign()}`
    for (const event of [
      {},
      { headers: null },
      { headers: { authorization: "Basic abc" } },
      { headers: { authorization: `Bearer ${token}` } },
      { headers: { authorization: good }, multiValueHeaders: { authorization: [good, good] } },
    ])
      await expect(authorize(event)).rejects.toThrow(/^Unauthorized$/)
    expect(output.logs()).toHaveLength(5)
    expect(output.logs()[3]).toMatchObject({
      message: expect.stringContaining("audience"),
      code: "AUTHENTICATION",
    })
    expect(output.lines.join("\n")).not.toContain(token.split(".")[1])
  })

  test("says something else where it could not tell", async () => {
    const headers = { authorization: `Bearer ${await key.sign()}` }
    const broken = () => Promise.reject(new Error("canary"))
    await expect(authorize({ headers }, broken)).rejects.toThrow(/^Authorization failed$/)
    await expect(authorize({ headers, methodArn: undefined })).rejects.toThrow(/^Authorization failed$/)
    expect(output.logs()).toMatchObject([{ level: "ERROR", code: "INTERNAL" }, { level: "ERROR" }])
    expect(output.lines.join("\n")).not.toContain("canary")
  })
})
