import type { Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { admin } from "../support/sandbox-api.ts"
import { expectAccessible, picture, type Stage, startStage } from "./stage.ts"

let stage: Stage
let vault: { url: string; roleId: string; secretId: string }

beforeAll(async () => {
  stage = await startStage()
  const config = stage.api.sandbox.demo.find(({ providerId }) => providerId === "hashicorp")?.config ?? {}
  vault = { url: String(config.url), roleId: String(config.roleId), secretId: String(config.secretId) }
})
afterAll(() => stage?.close())

const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true })
const rowOf = (page: Page, name: string) => page.getByRole("row").filter({ hasText: name })

async function openForm(): Promise<Page> {
  const page = await stage.open(admin("acme"))
  await rowOf(page, "Sandbox Vault").waitFor()
  await button(page, "New connection").click()
  await expectAccessible(page)
  await button(page, "HashiCorp Vault").click()
  return page
}

async function fill(page: Page, fields: Record<string, string>): Promise<void> {
  for (const [name, value] of Object.entries(fields))
    await page
      .getByRole("dialog")
      .getByLabel(new RegExp(`^${name}( \\(optional\\))?$`))
      .fill(value)
}

/** Made by somebody else, through the API. */
async function connected(name: string, more: object = {}): Promise<{ id: string; version: number }> {
  const answer = await stage.api.as(admin("acme")).post("", {
    providerId: "hashicorp",
    name,
    scope: "PLATFORM",
    config: vault,
    ...more,
  })
  expect(answer.status).toBe(201)
  return answer.body as unknown as { id: string; version: number }
}

describe("a new connection", () => {
  test("says what is missing, then which step failed and why, and keeps what was typed until it works", async () => {
    const page = await openForm()
    await button(page, "Test and save").click()
    expect(await page.locator("[aria-invalid]").count()).toBe(2)
    expect(await page.evaluate(() => document.activeElement?.getAttribute("placeholder"))).toBe("Production")

    await fill(page, {
      Name: "Production Vault",
      URL: vault.url,
      "Role ID": vault.roleId,
      "Secret ID": "wrong",
    })
    await page.getByRole("radio", { name: "Chosen projects" }).check()
    await page.getByRole("combobox", { name: "Projects" }).fill("checkout")
    await page.keyboard.press("Enter")
    await button(page, "Test and save").click()
    const failed = page.getByRole("listitem").filter({ hasText: "Log in" })
    await failed.getByText("The credentials are not accepted").waitFor()
    await page.getByText("Nothing was saved.").waitFor()
    expect(await page.getByLabel(/^URL/).inputValue()).toBe(vault.url)
    await expectAccessible(page)
    await picture(page, "connection-form")

    await fill(page, { "Secret ID": vault.secretId })
    await button(page, "Test and save").click()
    await page.getByRole("status").getByText("Production Vault is connected.").waitFor()
    const row = await rowOf(page, "Production Vault").innerText()
    expect(row).toContain("checkout")
    expect(row).toContain("Connected")
  })

  test("that works is saved with what its test found worth knowing, which stays to be read", async () => {
    const page = await openForm()
    await fill(page, {
      Name: "Ends soon",
      URL: vault.url,
      "Role ID": vault.roleId,
      "Secret ID": vault.secretId,
    })
    await page.route(`${stage.api.sandbox.api}/test`, async (route) => {
      const response = await route.fetch()
      const warnings = [{ code: "SECRET_ID_USES", message: "The secret id has 2 uses left." }]
      await route.fulfill({ response, json: { ...(await response.json()), warnings } })
    })
    await button(page, "Test and save").click()
    const note = page.locator(".note").filter({ hasText: "Ends soon is saved." })
    await note.getByText("The secret id has 2 uses left.").waitFor()
    await expectAccessible(page)
    await button(page, "Dismiss").first().click()
    await note.waitFor({ state: "detached" })
  })

  test("shows what the API says is wrong beside the field", async () => {
    const page = await openForm()
    await fill(page, { Name: "X", URL: "not a url", "Role ID": "r" })
    await button(page, "Test and save").click()
    const url = page.getByLabel(/^URL/)
    await expect.poll(() => url.getAttribute("aria-invalid")).toBe("true")
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.getAttribute("placeholder")))
      .toMatch(/vault\.example/)
  })

  test("is not lost by a key pressed in error", async () => {
    const page = await openForm()
    await fill(page, { Name: "Typed" })
    await page.keyboard.press("Escape")
    await button(page, "Go on").click()
    expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("Typed")
    await page.keyboard.press("Escape")
    await button(page, "Discard what you typed").click()
    await page.getByRole("dialog").waitFor({ state: "detached" })
  })

  test("is not lost by a look at another secret manager", async () => {
    const page = await openForm()
    await fill(page, { Name: "Typed", URL: vault.url })
    await button(page, "Choose another").click()
    await page.keyboard.press("Escape")
    await button(page, "Go on").click()
    await button(page, "CyberArk Conjur").click()
    expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("Typed")
    // What is meant for one secret manager goes to no other.
    expect(await page.getByLabel(/^URL/).inputValue()).toBe("")
    await button(page, "Choose another").click()
    await button(page, "HashiCorp Vault").click()
    expect(await page.getByLabel(/^URL/).inputValue()).toBe(vault.url)
    await page.close()
  })

  test("has the fields of the chosen method alone", async () => {
    const page = await openForm()
    await page.getByLabel("Auth method").selectOption("token")
    expect(await page.getByLabel(/^Secret ID/).count()).toBe(0)
    expect(await page.getByLabel(/^Token \(/).count()).toBe(1)
  })
})

describe("an existing connection", () => {
  test("shows no secret, and asks for it again when its destination changes, saying why", async () => {
    const { id } = await connected("To be moved")
    const page = await stage.open(admin("acme"))
    await button(page, "Edit To be moved").click()
    expect(await page.getByLabel(/^Secret ID/).inputValue()).toBe("")
    await page.getByText("Stored. Leave empty to keep it.").first().waitFor()

    await fill(page, { URL: vault.url.replace("127.0.0.1", "localhost") })
    await page.getByText("what is stored is never sent to a place it was not entered for").first().waitFor()
    await button(page, "Test and save").click()
    await expect.poll(() => page.getByLabel(/^Secret ID/).getAttribute("aria-invalid")).toBe("true")
    await expectAccessible(page)
    await fill(page, { "Secret ID": vault.secretId })
    await button(page, "Test and save").click()
    await page.getByRole("status").getByText("To be moved is saved.").waitFor()
    const { body } = await stage.api.as(admin("acme")).get(`/${id}`)
    expect(body.config?.url).toContain("localhost")
  })

  test("is tested with the secrets that are stored, and says at which step that failed and why", async () => {
    const { id } = await connected("To be mended")
    const page = await stage.open(admin("acme"))
    await button(page, "Edit To be mended").click()
    await fill(page, { "Probe path": "secret/data/not/there", Name: "Mended" })
    await button(page, "Test and save").click()
    const test = page.getByRole("listitem").filter({ hasText: "with the secrets that are stored" })
    await test.getByText("Not found").waitFor()
    expect(await test.getByRole("listitem").allInnerTexts()).toEqual([
      expect.stringMatching(/^Reach the server/),
      expect.stringMatching(/^Read secret.*Not found/s),
    ])
    await page.getByText("Nothing was saved.").waitFor()
    await expectAccessible(page)
    await picture(page, "connection-edit")
    expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("Mended")
    await fill(page, { "Probe path": "secret/data/app/api_key" })
    await button(page, "Test and save").click()
    await page.getByRole("status").getByText("Mended is saved.").waitFor()
    expect((await stage.api.as(admin("acme")).get(`/${id}`)).body).toMatchObject({
      name: "Mended",
      version: 2,
    })
  })

  test("is renamed without a test, while its secret manager is down", async () => {
    await connected("To be renamed")
    const page = await stage.open(admin("acme"))
    await button(page, "Edit To be renamed").click()
    await fill(page, { Name: "Renamed" })
    await button(page, "Save").click()
    await page.getByRole("status").getByText("Renamed is saved.").waitFor()
  })

  test("that somebody else saved meanwhile is merged, and saved only once that was seen", async () => {
    const { id } = await connected("Contested")
    const page = await stage.open(admin("acme"))
    await button(page, "Edit Contested").click()
    await fill(page, { Name: "Mine" })
    await stage.api.as(admin("acme")).patch(`/${id}`, { name: "Theirs", settings: { cacheTtlSeconds: 60 } })
    await button(page, "Save").click()
    const note = page.getByRole("alert").filter({ hasText: "Someone else saved this connection meanwhile" })
    await note.waitFor()
    expect(await note.innerText()).toMatch(/They changed: Reuse a value.*\n+.*You both changed: Name/s)
    await button(page, "Save").click()
    await page.getByRole("status").getByText("Mine is saved.").waitFor()
    const { body } = await stage.api.as(admin("acme")).get(`/${id}`)
    expect(body).toMatchObject({ name: "Mine", version: 3, settings: { cacheTtlSeconds: 60 } })
  })

  test("is deleted after a question", async () => {
    const { id } = await connected("To be deleted")
    const page = await stage.open(admin("acme"))
    await button(page, "Delete To be deleted").click()
    await page.getByText("Nothing has been resolved through it").waitFor()
    await page.getByRole("dialog").getByText(id).waitFor()
    await expectAccessible(page)
    await button(page, "Delete the connection").click()
    await rowOf(page, "To be deleted").waitFor({ state: "detached" })
    expect((await stage.api.as(admin("acme")).get(`/${id}`)).status).toBe(404)
  })
})
