import type { Page } from "playwright-core"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { member, service } from "../support/sandbox-api.ts"
import { type Issuer, startIssuer } from "./issuer.ts"
import { expectAccessible, freePort, type Stage, startStage } from "./stage.ts"

describe("where people sign in at an issuer", () => {
  let identity: Issuer
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
    expect(identity.refreshTokens.size).toBe(1)
    await page.getByRole("button", { name: "Sign out" }).click()
    await signIn(page).waitFor()
    await expect.poll(() => identity.refreshTokens.size).toBe(0)
  })

  test("a link with somebody else's token signs nobody in, nor does an answer that was not asked for", async () => {
    const page = await stage.open({ platformId: "acme", role: "ADMIN" })
    await signIn(page).waitFor()
    await page.goto(`${stage.url}?code=stolen&state=guessed`)
    await page.getByRole("alert").getByText("does not belong to this tab").waitFor()
    expect(page.url()).toBe(stage.url)
  })

  test("and an issuer that cannot be reached is tried again", async () => {
    const page = await stage.open()
    await page.route(`${identity.issuer}/**`, (route) => route.abort())
    await signIn(page).click()
    await page.getByRole("alert").getByText("The identity provider could not be reached").waitFor()
    await expectAccessible(page)
    await page.unroute(`${identity.issuer}/**`)
    await signIn(page).click()
    await page.getByText("ada").waitFor()
  })

  describe("and the API no longer takes their token", () => {
    beforeEach(() => Object.assign(identity.next, { subject: "ada", accessSeconds: 300, refreshes: true }))

    const heading = (page: Page) => page.getByRole("heading", { name: "Connect your first secret manager" })

    /** The dialog over a form that was filled and is being saved. */
    async function openEnded(): Promise<Page> {
      const page = await stage.open()
      await signIn(page).click()
      await heading(page).waitFor()
      await page.getByRole("button", { name: "New connection" }).first().click()
      await page.getByRole("button", { name: "HashiCorp Vault", exact: true }).click()
      await page.getByLabel("Name", { exact: true }).fill("Typed")
      await page.getByLabel(/^URL/).fill(`http://127.0.0.1:${await freePort()}`)
      await page.getByLabel(/^Role ID/).fill("role")
      await page.getByLabel(/^Secret ID/).fill("typed-too")
      Object.assign(identity.next, { refreshes: false })
      await page.route(`${stage.api.sandbox.api}/test`, (route) => route.fulfill(notTaken))
      await page.getByRole("button", { name: "Test and save" }).click()
      await ended(page).waitFor()
      await page.unroute(`${stage.api.sandbox.api}/test`)
      return page
    }

    /** What was being saved goes on, and nothing of it is lost. */
    async function expectGoingOn(page: Page): Promise<void> {
      await ended(page).waitFor({ state: "detached" })
      await page.getByText("Nothing was saved.").waitFor()
      await page.getByText("Cannot be reached").waitFor()
      expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("Typed")
      expect(await page.getByLabel(/^Secret ID/).inputValue()).toBe("typed-too")
    }

    const ended = (page: Page) => page.getByRole("dialog", { name: "Your session has ended" })

    const notTaken = {
      status: 401,
      headers: { "access-control-allow-origin": "*" },
      json: { code: "AUTHENTICATION", title: "Not authenticated", status: 401 },
    }

    /** What the link of the dialog opens. */
    async function otherTab(page: Page): Promise<Page> {
      const opened = page.context().waitForEvent("page")
      await page
        .getByRole("dialog")
        .getByRole("link", { name: /^Sign in/ })
        .click()
      return opened
    }

    test("the next one comes from the issuer, and nobody notices", async () => {
      const page = await stage.open()
      const refused: string[] = []
      page.on("response", (response) => {
        if (response.status() === 401) refused.push(response.url())
      })
      identity.next.accessSeconds = -60
      await signIn(page).click()
      await heading(page).waitFor()
      expect(refused.length).toBeGreaterThan(0)
      expect(await page.getByRole("dialog").count()).toBe(0)
      expect(await page.evaluate(() => [localStorage.length, sessionStorage.length])).toEqual([0, 0])
    })

    test("and there is no other: they sign in again in another tab, and this page goes on as it was", async () => {
      const page = await openEnded()
      await expectAccessible(page)
      const tab = await otherTab(page)
      const done = tab.getByRole("heading", { name: "You are signed in" })
      await expect.poll(async () => tab.isClosed() || done.isVisible().catch(() => true)).toBe(true)
      await expectGoingOn(page)
      expect(await page.evaluate(() => [localStorage.length, sessionStorage.length])).toEqual([0, 0])
    })

    test("and somebody else signs in there: that is not taken, and they can try again", async () => {
      const page = await openEnded()
      identity.next.subject = "eve"
      const tab = await otherTab(page)
      await ended(page).getByText("That was somebody else's sign-in.").waitFor()
      await tab.getByRole("alert").getByText("That was somebody else's sign-in.").waitFor()
      await expectAccessible(page)
      identity.next.subject = "ada"
      await otherTab(page)
      await expectGoingOn(page)
    })

    test("and the page they sign in for is gone: they can sign in where they are", async () => {
      const page = await stage.open()
      await page.clock.install()
      await page.goto(`${stage.url}?code=c&state=tab.gone`)
      await expect.poll(() => page.evaluate(() => location.search)).toBe("")
      await page.clock.runFor(20_000)
      await page.getByRole("alert").getByText("is no longer open").waitFor()
      await signIn(page).waitFor()
    })
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

  test("where the console is not set up: whom to tell, and what", async () => {
    const page = await stage.open()
    await page.route("**/config.json", (route) =>
      route.fulfill({ json: { apiUrl: "http://api.example.com" } }),
    )
    await page.reload()
    await page.getByRole("heading", { name: "The console is not set up" }).waitFor()
    await page.getByText("apiUrl must be an https address").waitFor()
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
