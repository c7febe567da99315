import { readFile } from "node:fs/promises"
import type { Download, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { admin, member, service } from "../support/sandbox-api.ts"
import { pastOf, recordPast } from "./past.ts"
import { expectAccessible, picture, type Stage, startStage } from "./stage.ts"

let stage: Stage
const hours = 20

beforeAll(async () => {
  stage = await startStage()
  await recordPast(stage.api.sandbox.parts.dynamodb?.url ?? "", pastOf(Date.now(), hours))
})
afterAll(() => stage?.close())

const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true })
const choice = (page: Page, name: string) => page.getByRole("combobox", { name, exact: true })
const bars = (page: Page) => page.getByRole("toolbar").getByRole("button")
const rows = (page: Page) => page.getByRole("table", { name: "Requests" }).locator("tbody tr")
const counted = async (page: Page) =>
  Number((await page.locator(".audit-count").innerText()).match(/\d+/)?.[0])

async function openAudit(claims = admin("acme")): Promise<Page> {
  const page = await stage.open(claims)
  await page.getByRole("link", { name: "Audit" }).click()
  await bars(page).first().waitFor()
  await button(page, "Stop reading").waitFor({ state: "detached" })
  return page
}

/** As its API has it, page by page. */
async function recorded(query: string): Promise<string[]> {
  const ids: string[] = []
  let cursor = ""
  do {
    const { body } = await stage.api.as(admin("acme")).get(`/audit?limit=100&${query}${cursor}`)
    const { data, next } = body as unknown as { data: { id: string }[]; next: string | null }
    ids.push(...data.map(({ id }) => id))
    cursor = next === null ? "" : `&cursor=${next}`
  } while (cursor !== "")
  return ids
}

async function exported(page: Page, format: "CSV" | "JSON"): Promise<string> {
  await button(page, "Export").first().click()
  const dialog = page.getByRole("dialog", { name: "Export the audit" })
  await dialog.getByRole("radio", { name: format }).check()
  const download = page.waitForEvent("download")
  await dialog.getByRole("button", { name: "Export", exact: true }).click()
  const file = await download
  await dialog.getByText("saved as").waitFor()
  await expectAccessible(page)
  return textOf(file)
}

async function textOf(file: Download): Promise<string> {
  return readFile(await file.path(), "utf8")
}

describe("the audit", () => {
  test("shows requests by time and outcome, and each with all that is recorded of it", async () => {
    const page = await openAudit()
    expect(await counted(page)).toBeGreaterThanOrEqual(hours * 12)
    await expectAccessible(page)
    await picture(page, "audit")
    const row = rows(page).filter({ hasText: "Sealed" }).first()
    expect(await row.innerText()).toMatch(/flows@acme\s+Resolve\s+Sandbox .* · checkout\s+\S+\s+Failed/)
    await row.getByRole("button").click()
    const dialog = page.getByRole("dialog", { name: "What is recorded of this request" })
    await dialog.getByText(/^req_past_/).waitFor()
    await expectAccessible(page)
    await dialog.getByRole("button", { name: "Only this connection" }).click()
    await expect.poll(() => choice(page, "Connection").inputValue()).toMatch(/^sandbox/)
    await button(page, "Clear the filters").click()
    expect(await choice(page, "Connection").inputValue()).toBe("")
  })

  test("is narrowed by a bar, with the mouse and by keyboard alone, and widened again", async () => {
    const page = await openAudit()
    const all = await counted(page)
    await bars(page).first().focus()
    await page.keyboard.press("End")
    await page.keyboard.press("ArrowLeft")
    const name = await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))
    expect(name).toMatch(/done/)
    await page.keyboard.press("Enter")
    const wider = button(page, "Back to the wider time")
    await expect.poll(() => wider.evaluate((element) => element === document.activeElement)).toBe(true)
    const inBar = [...(name ?? "").matchAll(/(\d+) (?:done|old value|failed|denied)/g)]
    await expect.poll(() => counted(page)).toBe(inBar.reduce((sum, [, count]) => sum + Number(count), 0))
    await bars(page).first().click()
    await expect.poll(() => counted(page)).toBeLessThan(all)
    await wider.click()
    await wider.click()
    await expect.poll(() => counted(page)).toBe(all)
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Audit")
  })

  test("has its chart as a table too, which narrows as well", async () => {
    const page = await openAudit()
    await page.getByText("The chart as a table").click()
    const table = page.getByRole("table", { name: "Requests by time and outcome" })
    expect(await table.getByRole("columnheader").allInnerTexts()).toEqual([
      "Time",
      "Done",
      "Old value",
      "Failed",
      "Denied",
    ])
    expect(await table.locator("tbody tr").count()).toBe(await bars(page).count())
    await expectAccessible(page)
    await table.getByRole("button").nth(1).click()
    await button(page, "Back to the wider time").waitFor()
  })

  test("is filtered by outcome, path, action, actor and time", async () => {
    const page = await openAudit()
    await page.getByRole("button", { name: /^Old value/ }).click()
    await expect.poll(() => rows(page).first().innerText()).toContain("Old value")
    expect(new Set(await rows(page).locator(".pill").allInnerTexts())).toEqual(new Set(["Old value"]))
    await page.getByRole("button", { name: /^Old value/ }).click()

    await page.getByLabel("Path").fill("PROD/DB")
    await expect.poll(() => rows(page).first().innerText()).toContain("prod/db#password")
    await page.getByLabel("Path").fill("no such path")
    await page.getByText("or nothing that fits").waitFor()
    await button(page, "Clear the filters").click()

    await choice(page, "What").selectOption({ label: "Test a connection" })
    await expect.poll(() => rows(page).first().innerText()).toContain("ada@acme")
    await button(page, "Clear the filters").click()

    await choice(page, "Who").fill("=cmd@acme")
    await page.keyboard.press("Enter")
    await expect.poll(() => rows(page).first().innerText()).toContain("deleteConnection")
    await button(page, "Clear the filters").click()

    await choice(page, "Time").selectOption({ label: "Between two times" })
    await page.getByLabel("From").fill("2020-01-02T00:00")
    await page.getByLabel("Until, exclusive").fill("2020-01-01T00:00")
    await button(page, "Show").click()
    await page.getByText("The end must be after the beginning.").waitFor()
    await expectAccessible(page)
    await page.getByLabel("Until, exclusive").fill("2020-01-03T00:00")
    await button(page, "Show").click()
    await page.getByText("No requests in this time.").waitFor()
    await expectAccessible(page)
  })

  test("reads on only when asked, and says how far it is", async () => {
    const page = await stage.open(admin("acme"))
    // Pages of one record each: a thousand of them are not wanted here.
    let pages = 0
    let stopped = () => {}
    const third = new Promise<void>((resolve) => {
      stopped = resolve
    })
    await page.route(`${stage.api.sandbox.api}/audit?*`, async (route) => {
      if (++pages === 3) await third
      const url = new URL(route.request().url())
      url.searchParams.set("limit", "100")
      await route.continue({ url: url.href })
    })
    await page.getByRole("link", { name: "Audit" }).click()
    await page.getByText(/requests, reading on/).waitFor()
    await button(page, "Stop reading").click()
    stopped()
    await page.getByText(/requests, back to .*, not further yet/).waitFor()
    await expectAccessible(page)
    await button(page, "Read further back").click()
    await button(page, "Read further back").waitFor({ state: "detached" })
  })

  test("is for admins alone", async () => {
    for (const claims of [member("acme", "p1"), service("acme")]) {
      const page = await stage.open(claims)
      await page.getByRole("link", { name: "Resolve tester" }).waitFor()
      expect(await page.getByRole("link", { name: "Audit" }).count()).toBe(0)
      await page.goto(`${stage.url}#/audit`)
      await page.getByText("Only admins may read the audit.").waitFor()
    }
  })
})

describe("an export of the audit", () => {
  test("has every record of the time, as the API gives them", async () => {
    const page = await openAudit()
    await choice(page, "Who").fill("flows@acme")
    await page.keyboard.press("Enter")
    await button(page, "Stop reading").waitFor({ state: "detached" })
    const records = JSON.parse(await exported(page, "JSON")) as { id: string; occurred: string }[]
    expect(records.length).toBeGreaterThan(hours * 10)
    expect(records.map(({ id }) => id)).toEqual(await recorded("actor=flows@acme"))
  })

  test("is a table in which nothing is a formula", async () => {
    const page = await openAudit()
    await page.getByRole("button", { name: /^Denied/ }).click()
    const csv = await exported(page, "CSV")
    const lines = csv.trimEnd().split("\r\n")
    expect(lines[0]).toMatch(/^\uFEFF"time","request_id"/)
    expect(lines.length).toBeGreaterThan(2)
    for (const line of lines.slice(1)) expect(line).toContain(`"'=cmd@acme","","denied","denied"`)
  })

  test("that fails goes on where it ended; one that is cancelled saves nothing", async () => {
    const page = await openAudit()
    let pages = 0
    let late = Promise.resolve()
    await page.route(`${stage.api.sandbox.api}/audit?*`, async (route) => {
      await late
      return ++pages === 2 ? route.abort() : route.continue().catch(() => {})
    })
    await button(page, "Export").first().click()
    const dialog = page.getByRole("dialog", { name: "Export the audit" })
    await dialog.getByRole("button", { name: "Export", exact: true }).click()
    await dialog.getByText("The API cannot be reached").waitFor()
    expect(await dialog.getByRole("progressbar").getAttribute("value")).toMatch(/^0\.\d/)
    await expectAccessible(page)
    const download = page.waitForEvent("download")
    await button(page, "Go on").click()
    const lines = (await textOf(await download)).trimEnd().split("\r\n").slice(1)
    const ids = new Set(lines.map((line) => line.split(",")[2]))
    expect(ids.size).toBe((await recorded("")).length)

    let answer = () => {}
    late = new Promise((resolve) => {
      answer = resolve
    })
    await dialog.getByRole("button", { name: "Export", exact: true }).click()
    await button(page, "Cancel the export").click()
    answer()
    await dialog.getByText("The export is cancelled. Nothing was saved.").waitFor()
    await expectAccessible(page)
  })
})

describe("who reaches which secret", () => {
  beforeAll(async () => {
    const reference = stage.api.sandbox.demo.find(({ providerId }) => providerId === "hashicorp")?.reference
    for (const projectId of ["checkout", "billing"]) {
      const answer = await stage.api.as(service("acme")).post("/resolve", { value: reference, projectId })
      expect(answer.status).toBe(200)
    }
  })

  test("is told by project and path, and leads to the requests", async () => {
    const page = await openAudit()
    await page.getByRole("radio", { name: "Who reaches which secret" }).check()
    await page.getByText("Choose a connection to see").waitFor()
    await expectAccessible(page)
    await choice(page, "Connection").selectOption({ label: "Sandbox Vault" })
    await page.getByText("2 paths, 2 projects").waitFor()
    await expectAccessible(page)
    await page.getByRole("searchbox").fill("billing")
    const row = page.getByRole("row").filter({ hasText: "billing" })
    expect(await row.innerText()).toMatch(/secret\/data\/app\/api_key\/value\s+billing\s+just now/)
    await row.getByRole("button", { name: /^Requests for/ }).click()
    await expect.poll(() => rows(page).first().innerText()).toContain("service@acme")
    expect(await page.getByLabel("Path").inputValue()).toBe("secret/data/app/api_key/value")
  })

  test("is told before a deletion, as what would break", async () => {
    const page = await stage.open(admin("acme"))
    await button(page, "Delete Sandbox Vault").click()
    const dialog = page.getByRole("dialog")
    await dialog.getByText("2 paths of it were resolved in the last 90 days, for 2 projects:").waitFor()
    expect(await dialog.getByRole("region", { name: "Secrets in use" }).innerText()).toMatch(
      /Project billing\s+secret\/data\/app\/api_key\/value\s+last resolved just now/,
    )
    await expectAccessible(page)
    await picture(page, "delete")
    await button(page, "Cancel").click()
    await button(page, "Delete Sandbox Conjur").click()
    await dialog.getByText("Nothing has been resolved through it").waitFor()
  })

  test("does not stand in the way of a deletion where it cannot be had", async () => {
    const page = await stage.open(admin("acme"))
    let release = () => {}
    const late = new Promise<void>((resolve) => {
      release = resolve
    })
    await page.route(`${stage.api.sandbox.api}/*/usage`, async (route) => {
      await late
      await route.abort()
    })
    await button(page, "Delete Sandbox Vault").click()
    const dialog = page.getByRole("dialog")
    await dialog.getByText("Looking for what uses it").waitFor()
    expect(await button(page, "Delete the connection").isDisabled()).toBe(true)
    const before = await dialog.boundingBox()
    await expectAccessible(page)
    release()
    await dialog.getByText("The API cannot be reached").waitFor()
    await dialog.getByText("It can be deleted all the same.").waitFor()
    expect(await button(page, "Delete the connection").isDisabled()).toBe(false)
    await expectAccessible(page)
    await page.unroute(`${stage.api.sandbox.api}/*/usage`)
    await button(page, "Try again").click()
    await dialog.getByText("2 paths of it were resolved").waitFor()
    expect(await dialog.boundingBox()).toEqual(before)
  })
})
