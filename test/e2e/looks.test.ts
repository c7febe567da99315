import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import type { Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { admin } from "../support/sandbox-api.ts"
import { expectAccessible, picture, type Stage, startStage } from "./stage.ts"

let stage: Stage

beforeAll(async () => {
  stage = await startStage()
})
afterAll(() => stage?.close())

const pages = [
  ["Connections", "Sandbox Vault"],
  ["Try a connection dialog", "Holds 1 reference within text."],
  ["Resolve tester", "What becomes of each reference is shown here."],
] as const

const sideways = (page: Page) =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement
    return scrollWidth - clientWidth
  })

describe("the console", () => {
  test("weighs less than 250 KB, all its files gzipped", () => {
    const dist = join(import.meta.dirname, "../../web/dist")
    const files = globSync("**/*.*", { cwd: dist })
    const bytes = files.reduce((sum, file) => sum + gzipSync(readFileSync(join(dist, file))).length, 0)
    expect(bytes).toBeGreaterThan(20_000)
    expect(bytes).toBeLessThan(250_000)
  })

  test.each(["light", "dark"] as const)("is accessible in %s", async (colorScheme) => {
    const page = await stage.open(admin("acme"), { colorScheme })
    for (const [name, text] of pages) {
      await page.getByRole("link", { name }).click()
      await page.getByText(text).first().waitFor()
      await expectAccessible(page)
      if (name === "Connections" && colorScheme === "dark") await picture(page, "connections-dark")
    }
  })

  test("fits 320 pixels, dialogs too", async () => {
    const page = await stage.open(admin("acme"), { viewport: { width: 320, height: 640 } })
    for (const [name, text] of pages) {
      await page.getByRole("link", { name }).click()
      await page.getByText(text).first().waitFor()
      expect([name, await sideways(page)]).toEqual([name, 0])
      await expectAccessible(page)
    }
    await page.getByRole("link", { name: "Connections" }).click()
    await page.getByText("Sandbox Vault").waitFor()
    await picture(page, "connections-narrow")
    await page.getByRole("button", { name: "Edit Sandbox Vault" }).click()
    const dialog = page.getByRole("dialog")
    await dialog.getByLabel(/^URL/).waitFor()
    expect(await dialog.evaluate((element) => element.scrollWidth - element.clientWidth)).toBe(0)
    expect(await dialog.locator(".dialog-body").evaluate((body) => body.scrollWidth - body.clientWidth)).toBe(
      0,
    )
  })

  test("keeps the places of what comes late", async () => {
    const page = await stage.open()
    let answer = () => {}
    const late = new Promise<void>((resolve) => {
      answer = resolve
    })
    await page.route(`${stage.api.sandbox.api}/**`, async (route) => {
      await late
      await route.continue()
    })
    await page.route(stage.api.sandbox.api, async (route) => {
      await late
      await route.continue()
    })
    await page.getByLabel("Token").fill(stage.api.sandbox.tokens.admin)
    await page.getByRole("button", { name: "Use this token" }).click()
    const row = page.locator("tbody tr").first()
    await page.locator("tr.skeleton").first().waitFor()
    const before = await row.boundingBox()
    answer()
    await page.getByText("Sandbox Vault").waitFor()
    expect(await row.boundingBox()).toEqual(before)
  })

  test("is used by the keyboard alone", async () => {
    const page = await stage.open(admin("acme"))
    await page.getByText("Sandbox Vault").waitFor()
    const focused = () => page.evaluate(() => document.activeElement?.textContent ?? "")
    await page.keyboard.press("Tab")
    expect(await focused()).toBe("Skip to content")
    await page.keyboard.press("Enter")
    expect(await focused()).toBe("Connections")
    for (let presses = 0; presses < 10 && (await focused()) !== "New connection"; presses++)
      await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.getByRole("dialog", { name: "New connection" }).waitFor()
    expect(await focused()).toBe("New connection")
    for (let presses = 0; presses < 10 && (await focused()) !== "HashiCorp Vault"; presses++)
      await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.getByRole("dialog", { name: "Connect HashiCorp Vault" }).waitFor()
    await page.keyboard.press("Escape")
    await page.getByRole("dialog").waitFor({ state: "detached" })
    expect(await focused()).toBe("New connection")
  })
})
