import type { Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { admin } from "../support/sandbox-api.ts"
import { expectAccessible, picture, type Stage, startStage } from "./stage.ts"

let stage: Stage

beforeAll(async () => {
  stage = await startStage()
})
afterAll(() => stage?.close())

const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true })
const rowOf = (page: Page, name: string) => page.getByRole("row").filter({ hasText: name })

/** The demo's connections, as an admin sees them. */
async function openList(claims = admin("acme")): Promise<Page> {
  const page = await stage.open(claims)
  await rowOf(page, "Sandbox Vault").waitFor()
  return page
}

describe("the list", () => {
  test("shows what there is, takes the token out of the address, and keeps it in memory alone", async () => {
    const page = await openList()
    expect(await page.getByRole("row").count()).toBe(1 + stage.api.sandbox.demo.length)
    await expect.poll(() => rowOf(page, "Sandbox Vault").innerText()).toMatch(/Connected\s+checked/)
    expect(page.url()).toBe(stage.url)
    const kept = await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie])
    expect(kept).toEqual([0, 0, ""])
    await expectAccessible(page)
    await picture(page, "connections")
    await page.reload()
    await page.getByRole("heading", { name: "Sign in to Latchkey" }).waitFor()
  })

  test("is searched, filtered and sorted", async () => {
    const page = await openList()
    await page.getByRole("searchbox").fill("conjur")
    await expect.poll(() => page.getByRole("row").count()).toBe(2)
    await page.getByRole("searchbox").fill("nothing like it")
    await button(page, "Show all").click()
    await page.getByRole("combobox", { name: "Provider", exact: true }).selectOption("aws")
    await expect.poll(() => page.getByRole("rowheader").allInnerTexts()).toHaveLength(1)
    await page.getByRole("combobox", { name: "Provider", exact: true }).selectOption("")
    await button(page, "Name").click()
    expect(await page.getByRole("columnheader", { name: "Name" }).getAttribute("aria-sort")).toBe(
      "descending",
    )
    expect((await page.getByRole("rowheader").allInnerTexts())[0]).toContain("Sandbox Vault")
  })

  test("tests a connection, step by step, and gives the focus back", async () => {
    const page = await openList()
    await button(page, "Test Sandbox Vault").click()
    const dialog = page.getByRole("dialog", { name: "Test Sandbox Vault" })
    await dialog.getByText("Everything works").waitFor()
    expect(await dialog.getByRole("listitem").allInnerTexts()).toEqual(
      expect.arrayContaining([expect.stringMatching(/^Reach the server/), expect.stringMatching(/^Log in/)]),
    )
    await expectAccessible(page)
    await page.keyboard.press("Escape")
    await dialog.waitFor({ state: "detached" })
    const focused = page.evaluate(() => document.activeElement?.getAttribute("aria-label"))
    expect(await focused).toBe("Test Sandbox Vault")
  })

  test("clears the cache of one connection, and of the platform", async () => {
    const page = await openList()
    const cleared: string[] = []
    page.on("response", (response) => {
      if (response.request().method() === "DELETE")
        cleared.push(`${response.status()} ${new URL(response.url()).search}`)
    })
    await button(page, "Clear the cache of Sandbox Vault").click()
    await page.getByRole("status").getByText("The cache of Sandbox Vault is cleared").waitFor()
    await button(page, "Clear the platform's cache").click()
    await page.getByRole("status").getByText("The platform's cache is cleared").waitFor()
    expect(cleared).toEqual(["204 ?connectionId=sandboxHashicorp00000", "204 "])
  })

  test("teaches where nothing is connected yet", async () => {
    const page = await stage.open(admin("new-platform"))
    await page.getByRole("heading", { name: "Connect your first secret manager" }).waitFor()
    await expectAccessible(page)
    await picture(page, "empty")
  })

  test("says that the API does not answer, and comes back when it does", async () => {
    const page = await stage.open()
    await page.route(`${stage.api.sandbox.api}*`, (route) => route.abort())
    await page.getByLabel("Token").fill(stage.api.sandbox.tokens.admin)
    await button(page, "Use this token").click()
    await page.getByRole("alert").getByText("The API cannot be reached").waitFor()
    await expectAccessible(page)
    await page.unroute(`${stage.api.sandbox.api}*`)
    await button(page, "Try again").click()
    await rowOf(page, "Sandbox Vault").waitFor()
  })

  test("asks for another token when one has ended, and keeps the page as it is", async () => {
    const page = await openList()
    await page.getByRole("searchbox").fill("vault")
    await page.route(`${stage.api.sandbox.api}*`, (route) =>
      route.fulfill({
        status: 401,
        headers: { "access-control-allow-origin": "*" },
        json: problem("AUTHENTICATION", 401),
      }),
    )
    await button(page, "Reload the list").click()
    const dialog = page.getByRole("dialog", { name: "Your session has ended" })
    await dialog.waitFor()
    await page.unroute(`${stage.api.sandbox.api}*`)
    await dialog.getByLabel("Token").fill(await stage.api.sandbox.parts.identity.signToken(admin("other")))
    await button(page, "Use this token").click()
    await dialog.getByText("This is not a token of this platform").waitFor()
    await dialog.getByLabel("Token").fill(stage.api.sandbox.tokens.admin)
    await button(page, "Use this token").click()
    await dialog.waitFor({ state: "detached" })
    expect(await page.getByRole("searchbox").inputValue()).toBe("vault")
  })
})

const problem = (code: string, status: number) => ({
  type: "https://latchkey.dev/problems/x",
  title: "Not authenticated",
  status,
  code,
  requestId: "req_1",
  params: { message: "" },
  hint: "",
})
