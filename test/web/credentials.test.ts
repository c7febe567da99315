import { describe, expect, test } from "vitest"
import { createApi } from "../../web/src/data/api.ts"
import { createCredentials } from "../../web/src/session/credentials.ts"
import type { Tokens } from "../../web/src/session/issuer.ts"
import { SignInError } from "../../web/src/session/sign-in-error.ts"

const tokenOf = (jti: string, claims: object = {}) => {
  const all = { platformId: "acme", sub: "ada", exp: 2, role: "ADMIN", jti, ...claims }
  return `e30.${Buffer.from(JSON.stringify(all)).toString("base64url")}.s`
}
const tokensOf = (jti: string, claims?: object): Tokens => ({
  access: tokenOf(jti, claims),
  refresh: `refresh ${jti}`,
  subject: "ada",
})

/** An API that takes the tokens in `good`, and somebody signed in with the first. */
function setUp({ refresh, first = tokensOf("1") }: { refresh?: () => Promise<Tokens>; first?: Tokens } = {}) {
  const good = new Set<string>()
  const asked: string[] = []
  const seen = { ended: 0, refreshed: 0 }
  const credentials = createCredentials({
    claims: undefined,
    onViewer: () => {},
    onEnded: () => seen.ended++,
    ...(refresh && {
      refresh: () => {
        seen.refreshed++
        return refresh()
      },
    }),
  })
  credentials.hold(first)
  const client = createApi({
    baseUrl: "https://api",
    credentials,
    async fetch(_input, init) {
      const token = new Headers(init?.headers).get("authorization")?.replace("Bearer ", "") ?? ""
      asked.push(token)
      return good.has(token)
        ? Response.json({ data: [] })
        : Response.json({ code: "AUTHENTICATION", title: "x", status: 401 }, { status: 401 })
    },
  })
  return { client, credentials, good, asked, seen }
}

describe("a call whose token is no longer taken", () => {
  test("is made again with the next one, got once for all that wait for it", async () => {
    const { client, good, asked, seen } = setUp({ refresh: async () => tokensOf("2") })
    good.add(tokenOf("2"))
    await Promise.all([client.listProviders(), client.listProviders()])
    expect(asked).toEqual([tokenOf("1"), tokenOf("1"), tokenOf("2"), tokenOf("2")])
    expect(seen).toEqual({ ended: 0, refreshed: 1 })
  })

  test.each(["refused", "reply"] as const)(
    "waits for somebody to sign in where a refresh is %s",
    async (reason) => {
      const { client, credentials, good, seen } = setUp({
        refresh: () => Promise.reject(new SignInError(reason)),
      })
      good.add(tokenOf("2"))
      const answer = client.listProviders()
      await expect.poll(() => seen.ended).toBe(1)
      credentials.hold({ access: tokenOf("2") })
      expect(await answer).toEqual({ data: [] })
    },
  )

  test("does not use a refresh token again that was refused", async () => {
    const { client, credentials, good, seen } = setUp({
      refresh: () => Promise.reject(new SignInError("refused")),
    })
    const [first, second] = [client.listProviders(), client.listProviders()]
    await expect.poll(() => seen.ended).toBe(2)
    good.add(tokenOf("2"))
    credentials.hold({ access: tokenOf("2") })
    await Promise.all([first, second])
    expect(seen.refreshed).toBe(1)
  })

  test("fails where the token after it is not taken either", async () => {
    const { client, credentials, asked, seen } = setUp({ refresh: async () => tokensOf("2") })
    const answer = client.listProviders()
    await expect.poll(() => seen.ended).toBe(1)
    credentials.hold({ access: tokenOf("3") })
    await expect(answer).rejects.toMatchObject({ code: "AUTHENTICATION" })
    expect(asked).toEqual([tokenOf("1"), tokenOf("2"), tokenOf("3")])
  })

  test("fails where somebody signs out instead, or the call is no longer wanted", async () => {
    const { client, credentials, seen } = setUp()
    const controller = new AbortController()
    const [left, aborted] = [client.listProviders(), client.listProviders({}, { signal: controller.signal })]
    await expect.poll(() => seen.ended).toBe(2)
    controller.abort(new Error("closed"))
    await expect(aborted).rejects.toThrow("closed")
    credentials.drop()
    await expect(left).rejects.toMatchObject({ code: "AUTHENTICATION" })
  })
})

describe("a session", () => {
  test("goes on with nobody else's token, nor one for another platform", () => {
    const { credentials } = setUp()
    for (const claims of [{ sub: "eve" }, { platformId: "other" }])
      expect(() => credentials.hold(tokensOf("2", claims))).toThrow("person")
    expect(() => credentials.hold({ access: "x" })).toThrow("token")
    expect(credentials.token()).toBe(tokenOf("1"))
  })

  test("makes no call again that was made in another, by whoever was signed in then", async () => {
    const credentials = createCredentials({ claims: undefined, onViewer: () => {}, onEnded: () => {} })
    credentials.hold({ access: tokenOf("1") })
    const answer = Promise.withResolvers<Response>()
    const asked: (string | null)[] = []
    const client = createApi({
      baseUrl: "https://api",
      credentials,
      fetch(_input, init) {
        asked.push(new Headers(init?.headers).get("authorization"))
        return answer.promise
      },
    })
    const call = client.deleteConnection({ id: "smc_1" })
    credentials.drop()
    credentials.hold({ access: tokenOf("2", { platformId: "other", sub: "eve" }) })
    answer.resolve(Response.json({ code: "AUTHENTICATION", title: "x", status: 401 }, { status: 401 }))
    await expect(call).rejects.toMatchObject({ code: "AUTHENTICATION" })
    expect(asked).toEqual([`Bearer ${tokenOf("1")}`])
  })

  test("that has ended leaves nothing, not even a refresh that was under way", async () => {
    const next = Promise.withResolvers<Tokens>()
    const { client, credentials, seen } = setUp({ refresh: () => next.promise })
    const answer = client.listProviders()
    await expect.poll(() => seen.refreshed).toBe(1)
    expect(credentials.drop()).toEqual(tokensOf("1"))
    next.resolve(tokensOf("2"))
    await expect(answer).rejects.toMatchObject({ code: "AUTHENTICATION" })
    expect(credentials.token()).toBe("")
  })
})
