import { createHmac, generateKeyPairSync } from "node:crypto"
import fc from "fast-check"
import type { JWTPayload } from "jose"
import { beforeAll, describe, expect, test } from "vitest"
import type { IssuerConfig } from "../../core/auth/issuer-config.ts"
import { bearerToken, createTokenVerifier } from "../../core/auth/token.ts"
import {
  audience,
  forge,
  goodClaims,
  issuer,
  movedClock,
  newKey,
  type SigningKey,
  start,
} from "./fake-issuer.ts"

let key: SigningKey
let other: SigningKey

beforeAll(async () => {
  key = await newKey()
  other = await newKey()
})

function verifier(change: Partial<IssuerConfig> = {}, clock = movedClock()) {
  return createTokenVerifier({
    issuers: [{ issuer, audience, publicKeys: [key.publicJwk], platforms: ["acme"], ...change }],
    clock,
  })
}

const refusal = (why: RegExp) => ({ code: "AUTHENTICATION", message: expect.stringMatching(why) })

describe("a good token", () => {
  test("names its platform and subject, and is a member's without further claims", async () => {
    expect(await verifier().verify(await key.sign())).toEqual({
      platformId: "acme",
      subject: "user-1",
      type: "USER",
      role: "MEMBER",
      expiresAt: goodClaims.exp,
    })
  })

  test("brings type, role and projects", async () => {
    const token = await key.sign({ type: "SERVICE", role: "ADMIN", projectIds: ["p1", "p2"] })
    expect(await verifier().verify(token)).toMatchObject({
      type: "SERVICE",
      role: "ADMIN",
      projectIds: ["p1", "p2"],
    })
  })

  test("may name its claims as its issuer does, dots and slashes included", async () => {
    const claims = {
      platformId: "https://acme.example/org",
      role: "app.role",
      type: "kind",
      projectIds: "teams",
    }
    const token = await key.sign({
      platformId: undefined,
      "https://acme.example/org": "acme",
      "app.role": "ADMIN",
      app: { role: "MEMBER" },
      kind: "SERVICE",
      teams: ["t1"],
    })
    expect(await verifier({ claims }).verify(token)).toMatchObject({
      platformId: "acme",
      role: "ADMIN",
      type: "SERVICE",
      projectIds: ["t1"],
    })
  })

  test.each(["JWT", "jwt", "at+jwt", "application/at+jwt"])("may be of type %s", async (typ) => {
    await expect(verifier().verify(await key.sign({}, { typ }))).resolves.toBeDefined()
  })

  test("may lack a type where its issuer is configured so", async () => {
    const untyped = await key.sign({}, { typ: undefined } as object)
    await expect(verifier().verify(untyped)).rejects.toMatchObject(refusal(/typ/))
    await expect(verifier({ untyped: true }).verify(untyped)).resolves.toBeDefined()
  })

  test("may have one of several audiences", async () => {
    const token = await key.sign({ aud: ["elsewhere", "two"] })
    await expect(verifier({ audience: ["one", "two"] }).verify(token)).resolves.toBeDefined()
  })

  test("may speak for any platform only where * is written", async () => {
    const token = await key.sign({ platformId: "globex" })
    await expect(verifier({ platforms: ["*"] }).verify(token)).resolves.toMatchObject({
      platformId: "globex",
    })
    await expect(verifier({ platforms: [] }).verify(token)).rejects.toMatchObject(refusal(/may not speak/))
  })

  test.each(["RS256", "PS256", "ES384", "EdDSA"])("may be signed with %s", async (alg) => {
    const signer = await newKey("k", alg)
    await expect(
      verifier({ publicKeys: [signer.publicJwk] }).verify(await signer.sign()),
    ).resolves.toBeDefined()
  })

  test("verifies with a key in PEM, whatever kid it names", async () => {
    await expect(verifier({ publicKeys: [key.spki] }).verify(await key.sign())).resolves.toBeDefined()
  })

  test("verifies with any of several keys that have no name", async () => {
    const publicKeys = [other.spki, key.spki]
    await expect(verifier({ publicKeys }).verify(await key.sign())).resolves.toBeDefined()
  })
})

describe("a forged token is refused:", () => {
  test("unsigned, in any spelling of none", async () => {
    for (const alg of ["none", "None", "NONE"]) {
      await expect(verifier().verify(forge({ alg, typ: "JWT" }, goodClaims, ""))).rejects.toMatchObject(
        refusal(/not a signed JWT/),
      )
      await expect(verifier().verify(forge({ alg, typ: "JWT" }, goodClaims, "AA"))).rejects.toMatchObject(
        refusal(/algorithm/),
      )
    }
  })

  test("signed by HMAC with the public key", async () => {
    const signer = await newKey(undefined, "RS256")
    const unsigned = forge({ alg: "HS256", typ: "JWT" }, goodClaims, "").slice(0, -1)
    const signature = createHmac("sha256", signer.spki).update(unsigned).digest("base64url")
    await expect(
      verifier({ publicKeys: [signer.spki] }).verify(`${unsigned}.${signature}`),
    ).rejects.toMatchObject(refusal(/algorithm/))
  })

  test("signed by another key of the same name", async () => {
    await expect(verifier().verify(await other.sign())).rejects.toMatchObject(refusal(/signature/))
  })

  test("changed after it was signed", async () => {
    const [header, , signature] = (await key.sign()).split(".")
    const payload = Buffer.from(JSON.stringify({ ...goodClaims, role: "ADMIN" })).toString("base64url")
    await expect(verifier().verify(`${header}.${payload}.${signature}`)).rejects.toMatchObject(
      refusal(/signature/),
    )
  })

  test("signed with an algorithm that its issuer does not use", async () => {
    await expect(verifier({ algorithms: ["RS256"] }).verify(await key.sign())).rejects.toMatchObject(
      refusal(/algorithm/),
    )
  })

  test.each([
    ["jku", "https://evil.example/keys"],
    ["x5u", "https://evil.example/cert"],
    ["x5c", ["MIIB"]],
    ["crit", ["x-known"]],
  ])("bringing %s in its header", async (name, value) => {
    const token = await key.sign({}, { [name]: value, "x-known": 1 })
    await expect(verifier().verify(token)).rejects.toMatchObject(refusal(/never followed/))
  })

  test("bringing its own key in its header", async () => {
    const token = await other.sign({}, { jwk: other.publicJwk } as object)
    await expect(verifier().verify(token)).rejects.toMatchObject(refusal(/never followed/))
  })

  test.each(["", "x", "a.b.c", "a.b.c.d.e", `${"a".repeat(9000)}.b.c`, "e30.e30.e30", "bnVsbA.bnVsbA.AA"])(
    "no JWT at all (%#)",
    async (text) => {
      await expect(verifier().verify(text)).rejects.toMatchObject({ code: "AUTHENTICATION" })
    },
  )
})

describe("a token that was not meant for us is refused:", () => {
  test.each([
    ["of an unknown issuer", { iss: "https://id.evil.example" }, /iss/],
    ["without issuer", { iss: undefined }, /iss/],
    ["of another audience", { aud: "elsewhere" }, /aud/],
    ["without audience", { aud: undefined }, /aud/],
    ["expired", { exp: start / 1000 - 6 }, /expired/],
    ["without expiry", { exp: undefined }, /exp/],
    ["not valid yet", { nbf: start / 1000 + 6 }, /nbf/],
    ["without subject", { sub: undefined }, /sub/],
    ["with a control character in its subject", { sub: "a\nb" }, /sub/],
    ["with an endless subject", { sub: "s".repeat(256) }, /sub/],
    ["without platform", { platformId: undefined }, /platformId/],
    ["with a platform that is no id", { platformId: "acme#evil" }, /platformId/],
    ["with a platform that is no string", { platformId: ["acme"] }, /platformId/],
    ["for a platform that is not its issuer's", { platformId: "globex" }, /may not speak/],
    ["for the platform *", { platformId: "*" }, /platformId/],
    ["of an unknown role", { role: "admin" }, /role/],
    ["of an unknown type", { type: "ROBOT" }, /type/],
    ["with projects that are no list", { projectIds: "p1" }, /projectIds/],
    ["with projects that are null", { projectIds: null }, /projectIds/],
    ["with a project that climbs", { projectIds: ["p1", "../p2"] }, /projectIds/],
  ])("%s", async (_, claims, why) => {
    await expect(verifier().verify(await key.sign(claims as JWTPayload))).rejects.toMatchObject(refusal(why))
  })

  test("of another type", async () => {
    await expect(verifier().verify(await key.sign({}, { typ: "logout+jwt" }))).rejects.toMatchObject(
      refusal(/typ/),
    )
  })

  test("from one issuer for the platform of another", async () => {
    const second = "https://id.globex.example"
    const { verify } = createTokenVerifier({
      issuers: [
        { issuer, audience, publicKeys: [key.publicJwk], platforms: ["acme"] },
        { issuer: second, audience, publicKeys: [other.publicJwk], platforms: ["globex"] },
      ],
      clock: movedClock(),
    })
    await expect(verify(await other.sign({ iss: second, platformId: "globex" }))).resolves.toBeDefined()
    await expect(verify(await other.sign({ iss: second }))).rejects.toMatchObject(refusal(/may not speak/))
    await expect(verify(await other.sign())).rejects.toMatchObject(refusal(/signature/))
  })
})

test("clocks may differ by five seconds", async () => {
  const clock = movedClock()
  const token = await key.sign({ nbf: start / 1000 + 5 })
  await expect(verifier({}, clock).verify(token)).resolves.toBeDefined()
  clock.advance(304_000)
  await expect(verifier({}, clock).verify(token)).resolves.toBeDefined()
  clock.advance(2_000)
  await expect(verifier({}, clock).verify(token)).rejects.toMatchObject(refusal(/expired/))
})

test("a token that is changed in what it says, or made of anything, is refused and nothing else", async () => {
  const good = await key.sign({})
  // In what is signed: a signature has more than one spelling.
  const at = fc.nat(good.lastIndexOf(".") - 1)
  const changed = fc
    .tuple(at, fc.string({ unit: "binary", maxLength: 8 }), fc.nat(8))
    .map(([at, other, gone]) => good.slice(0, at) + other + good.slice(at + gone))
  const json = fc
    .jsonValue({ maxDepth: 2 })
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
  const made = fc
    .array(fc.oneof(json, fc.string()), { minLength: 1, maxLength: 5 })
    .map((parts) => parts.join("."))
  const verify = verifier().verify
  await fc.assert(
    fc.asyncProperty(fc.oneof(changed, made), async (token) => {
      fc.pre(token !== good)
      await expect(verify(token)).rejects.toMatchObject({ code: "AUTHENTICATION" })
    }),
    { numRuns: 300 },
  )
})

test("no refusal quotes the token", async () => {
  const canary = "c4n4ry-value"
  for (const claims of [
    { iss: canary },
    { platformId: `${canary} #` },
    { role: canary },
    { sub: `${canary}\n` },
  ]) {
    const error = await verifier()
      .verify(await key.sign(claims))
      .catch((thrown: unknown) => thrown)
    expect(String(error)).toMatch(/refused/)
    expect(JSON.stringify([String(error), error])).not.toContain(canary)
  }
})

describe("a configuration that makes no sense is refused at once:", () => {
  const base = { issuer, audience, platforms: ["acme"] }
  const privateKey = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey
  test.each<[string, IssuerConfig[]]>([
    ["no keys", [base]],
    ["keys twice", [{ ...base, publicKeys: [], jwksUrl: "https://id.example/keys" }]],
    ["an empty list of keys", [{ ...base, publicKeys: [] }]],
    ["a private key", [{ ...base, publicKeys: [privateKey.export({ format: "jwk" }) as object] }]],
    [
      "a private key in PEM",
      [{ ...base, publicKeys: [privateKey.export({ format: "pem", type: "pkcs8" }) as string] }],
    ],
    ["a shared secret", [{ ...base, publicKeys: [{ kty: "oct", k: "AAAA" }] }]],
    ["a key that is none", [{ ...base, publicKeys: ["hello"] }]],
    ["plain http", [{ ...base, jwksUrl: "http://127.0.0.1/keys" }]],
    ["credentials in a URL", [{ ...base, jwksUrl: "https://a:b@id.example/keys" }]],
    ["no audience", [{ ...base, audience: [], jwksUrl: "https://id.example/keys" }]],
    ["an issuer twice", [1, 2].map(() => ({ ...base, jwksUrl: "https://id.example/keys" }))],
    [
      "a symmetric algorithm",
      [{ ...base, jwksUrl: "https://id.example/keys", algorithms: ["HS256" as "RS256"] }],
    ],
  ])("%s", (_, issuers) => {
    expect(() => createTokenVerifier({ issuers, clock: movedClock() })).toThrow(/Issuer/)
  })
})

describe("the Authorization header", () => {
  test("holds one bearer token, its scheme in any case", () => {
    expect(bearerToken("Bearer a.b.c")).toBe("a.b.c")
    expect(bearerToken("bearer  a.b.c ")).toBe("a.b.c")
  })

  test.each([undefined, "", "a.b.c", "Basic YTpi", "Bearer", "Bearer ", "Bearer a b", "Bearer a, Bearer b"])(
    "is refused as %s",
    (header) => {
      expect(() => bearerToken(header)).toThrow(expect.objectContaining({ code: "AUTHENTICATION" }))
    },
  )
})
