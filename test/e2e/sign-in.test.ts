import { createHash, randomBytes } from "node:crypto"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { exportJWK, generateKeyPair, SignJWT } from "jose"
import type { Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { member, service } from "../support/sandbox-api.ts"
import { expectAccessible, freePort, type Stage, startStage } from "./stage.ts"

/** An OpenID provider that lets everybody in as an admin of acme, and holds clients to what the protocol asks of them. */
async function startIssuer() {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true })
  const pending = new Map<string, URLSearchParams>()
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", issuer)
    const cors = { "access-control-allow-origin": "*", "content-type": "application/json" }
    if (url.pathname === "/.well-known/openid-configuration") {
      const found = {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
      }
      response.writeHead(200, cors).end(JSON.stringify(found))
    } else if (url.pathname === "/authorize") {
      const code = randomBytes(16).toString("hex")
      pending.set(code, url.searchParams)
      const back = new URL(url.searchParams.get("redirect_uri") ?? "")
      back.search = new URLSearchParams({
        code,
        state: url.searchParams.get("state") ?? "",
        iss: issuer,
      }).toString()
      response.writeHead(302, { location: back.href }).end()
    } else {
      let body = ""
      for await (const chunk of request) body += chunk
      const asked = new URLSearchParams(body)
      const begun = pending.get(asked.get("code") ?? "")
      pending.delete(asked.get("code") ?? "")
      const challenge = createHash("sha256")
        .update(asked.get("code_verifier") ?? "")
        .digest("base64url")
      if (
        begun?.get("code_challenge") !== challenge ||
        begun.get("redirect_uri") !== asked.get("redirect_uri")
      )
        return void response.writeHead(400, cors).end("{}")
      const sign = (claims: Record<string, unknown>, audience: string) =>
        new SignJWT(claims)
          .setProtectedHeader({ alg: "ES256", typ: "JWT" })
          .setIssuer(issuer)
          .setAudience(audience)
          .setSubject("ada")
          .setExpirationTime("5 min")
          .sign(privateKey)
      const reply = {
        access_token: await sign({ platformId: "acme", role: "ADMIN", type: "USER" }, "latchkey"),
        id_token: await sign({ nonce: begun.get("nonce") }, begun.get("client_id") ?? ""),
      }
      response.writeHead(200, cors).end(JSON.stringify(reply))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    issuer,
    publicKeys: [{ ...(await exportJWK(publicKey)), alg: "ES256" }],
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

describe("where people sign in at an issuer", () => {
  let identity: Awaited<ReturnType<typeof startIssuer>>
  let stage: Stage

  beforeAll(async () => {
    identity = await startIssuer()
    const { issuer, publicKeys } = identity
    const port = await freePort()
    stage = await startStage({
      demo: false,
      external: {
        region: "us-east-1",
        issuers: [{ issuer, audience: "latchkey", publicKeys, platforms: ["acme"] }],
      },
      console: { port, signIn: { issuer, clientId: "console", redirectUri: `http://127.0.0.1:${port}/` } },
    })
  })
  afterAll(async () => {
    await stage?.close()
    await identity?.close()
  })

  const signIn = (page: Page) => page.getByRole("button", { name: "Sign in", exact: true })

  test("somebody goes there and comes back as who they are, with nothing left in the address or the tab", async () => {
    const page = await stage.open()
    await expectAccessible(page)
    await signIn(page).click()
    await page.getByText("ada").waitFor()
    await page.getByRole("heading", { name: "Connect your first secret manager" }).waitFor()
    expect(page.url()).toBe(stage.url)
    expect(await page.evaluate(() => [localStorage.length, sessionStorage.length])).toEqual([0, 0])
    await page.getByRole("button", { name: "Sign out" }).click()
    await signIn(page).waitFor()
  })

  test("a link with somebody else's token signs nobody in, nor does an answer that was not asked for", async () => {
    const page = await stage.open({ platformId: "acme", role: "ADMIN" })
    await signIn(page).waitFor()
    await page.goto(`${stage.url}?code=stolen&state=guessed`)
    await page.getByRole("alert").getByText("does not belong to this tab").waitFor()
    expect(page.url()).toBe(stage.url)
  })
})

describe("what somebody sees", () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await startStage()
  })
  afterAll(() => stage?.close())

  test("as a member: their project's connections, and nothing to change them with", async () => {
    const page = await stage.open(member("acme", "p1", "p2"))
    await page.getByText("Sandbox Vault").waitFor()
    for (const name of [/^New connection/, /^Edit/, /^Delete/, /^Test/, /^Clear/])
      expect(await page.getByRole("button", { name }).count()).toBe(0)
    expect(await page.getByLabel("Project", { exact: true }).innerText()).toBe("p1\np2")
    await expectAccessible(page)
  })

  test("as a member of no project: why there is nothing", async () => {
    const page = await stage.open(member("acme"))
    await page.getByText("Your token names no project").waitFor()
  })

  test("as a service: what it may clear, and nothing else", async () => {
    const page = await stage.open(service("acme"))
    await page.getByRole("button", { name: "Clear the cache of Sandbox Vault" }).waitFor()
    expect(await page.getByRole("button", { name: /^(Edit|Delete|Test|New)/ }).count()).toBe(0)
  })
})
