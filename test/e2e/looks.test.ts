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
  ["Audit", /^\d+ requests$/],
] as const

const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true })

/** Opens each dialog there is, and says what it is called. */
const dialogs: Record<string, (page: Page) => Promise<string>> = {
  async "which secret manager"(page) {
    await button(page, "New connection").click()
    return "New connection"
  },
  async "a connection"(page) {
    await button(page, "Edit Sandbox Vault").click()
    await page.getByLabel(/^URL/).waitFor()
    await page.getByText("Caching and allowed paths").click()
    await page.getByRole("radio", { name: "Chosen projects" }).check()
    return "Edit Sandbox Vault"
  },
  async "a test"(page) {
    await button(page, "Test Sandbox Vault").click()
    await page.getByText("Everything works").waitFor()
    return "Test Sandbox Vault"
  },
  async "a deletion"(page) {
    await button(page, "Delete Sandbox Vault").click()
    await page.getByText("Nothing has been resolved through it").waitFor()
    return "Delete Sandbox Vault?"
  },
  async "a platform's own dialog"(page) {
    await page.getByRole("link", { name: "Try a connection dialog" }).click()
    await button(page, "Connect Stripe").click()
    return "Connect Stripe"
  },
  async "the secret picker"(page) {
    await page.getByRole("link", { name: "Try a connection dialog" }).click()
    await button(page, "Use a secret for Plain text").click()
    const dialog = page.getByRole("dialog")
    await dialog.getByLabel("Connection").selectOption({ label: "Sandbox Vault (HashiCorp Vault)" })
    await dialog.getByRole("button", { name: "secret folder" }).click()
    return "Use a secret"
  },
  async "a request"(page) {
    await page.getByRole("link", { name: "Audit" }).click()
    await page.getByRole("row").getByRole("button").first().click()
    return "What is recorded of this request"
  },
  async "an export"(page) {
    await page.getByRole("link", { name: "Audit" }).click()
    await button(page, "Export").click()
    return "Export the audit"
  },
}

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
    await page.getByRole("combobox", { name: "Sort by" }).selectOption({ label: "By provider" })
    await button(page, "Last first").click()
    await expect.poll(() => page.getByRole("rowheader").first().innerText()).toContain("HashiCorp Vault")
  })

  test.each(Object.entries(dialogs))("fits 320 pixels and is accessible: %s", async (_name, open) => {
    const page = await stage.open(admin("acme"), {
      viewport: { width: 320, height: 640 },
      colorScheme: "dark",
    })
    await page.getByText("Sandbox Vault").waitFor()
    const dialog = page.getByRole("dialog", { name: await open(page), exact: true })
    await dialog.waitFor()
    const tooWide = await dialog.evaluate((element) =>
      [element, ...element.querySelectorAll(".dialog-body, .dialog-foot")]
        .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
        .map(({ className }) => className),
    )
    expect(tooWide).toEqual([])
    await expectAccessible(page)
    await page.keyboard.press("Escape")
    const discard = button(page, "Discard what you typed")
    await dialog
      .or(discard)
      .first()
      .waitFor({ state: "visible", timeout: 500 })
      .catch(() => {})
    if (await discard.isVisible()) await discard.click()
    await dialog.waitFor({ state: "detached" })
  })

  test.each([
    ["#/connections", "Sandbox Vault"],
    ["#/picker", "Holds 1 reference within text."],
    ["#/resolve", "What becomes of each reference is shown here."],
    ["#/audit", "Create a connection"],
  ])("keeps the places of what comes late: %s", async (hash, text) => {
    for (const viewport of [undefined, { width: 320, height: 640 }]) {
      const page = await stage.open(undefined, viewport && { viewport })
      let answer = () => {}
      const late = new Promise<void>((resolve) => {
        answer = resolve
      })
      await page.route(
        (url) => url.href.startsWith(stage.api.sandbox.api),
        async (route) => {
          await late
          await route.continue()
        },
      )
      await page.evaluate((to) => {
        location.hash = to
      }, hash)
      await page.getByLabel("Token").fill(stage.api.sandbox.tokens.admin)
      await button(page, "Use this token").click()
      await page.getByRole("heading", { level: 1 }).waitFor()
      await settled(page)
      await watchShifts(page)
      answer()
      await page.locator("main").getByText(text).locator("visible=true").first().waitFor()
      await settled(page)
      expect([viewport?.width, await shifts(page)]).toEqual([viewport?.width, []])
    }
  })

  test("is there to be used within a second", async () => {
    const page = await stage.open()
    const token = stage.api.sandbox.tokens.admin
    const took: number[] = []
    for (let round = 0; round < 3; round++) {
      await page.goto("about:blank")
      await page.goto(`${stage.url}#token=${token}`)
      const create = button(page, "New connection")
      await create.click()
      await page.getByRole("dialog").waitFor()
      took.push(await page.evaluate(() => performance.now()))
    }
    expect(Math.min(...took)).toBeLessThan(1000)
  })

  test("has nothing inline that the policy would have to allow", async () => {
    const page = await stage.open()
    const html = await (await fetch(stage.url)).text()
    expect(html).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|\sstyle=/i)
    const policy = (await fetch(stage.url)).headers.get("content-security-policy") ?? ""
    expect(policy).not.toMatch(/unsafe|data:|blob:|\*/)
    const ran = await page.evaluate(() => {
      const script = document.createElement("script")
      script.textContent = "window.ran = true"
      document.head.append(script)
      return "ran" in window
    })
    expect(ran).toBe(false)
    stage.complaints.length = 0
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

/** Whatever was to be painted is. */
const settled = (page: Page) =>
  page.evaluate(
    () => new Promise<void>((resolve) => requestAnimationFrame(() => setTimeout(() => resolve(), 100))),
  )

/** What moves without anybody having done something, as Chromium counts it. */
async function watchShifts(page: Page): Promise<void> {
  await page.evaluate(() => {
    const shifts: string[] = []
    Object.assign(window, { shifts })
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { sources: { node?: Element }[] })[])
        for (const { node } of entry.sources) shifts.push(node?.outerHTML?.slice(0, 120) ?? "text")
    }).observe({ type: "layout-shift" })
  })
}

const shifts = (page: Page) => page.evaluate(() => (window as unknown as { shifts: string[] }).shifts)
