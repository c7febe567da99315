import type { Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { admin } from "../support/sandbox-api.ts"
import { expectAccessible, type Stage, startStage } from "./stage.ts"

let stage: Stage

beforeAll(async () => {
  stage = await startStage()
})
afterAll(() => stage?.close())

const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true })
const dialog = (page: Page) => page.getByRole("dialog").last()

/** Where the API's own storage is down, for calls whose path (without the base) and method are these. */
async function fail(page: Page, method: string, path: RegExp): Promise<void> {
  const { api } = stage.api.sandbox
  await page.route(
    (url) => url.href.startsWith(api) && path.test(url.href.slice(api.length)),
    (route) =>
      route.request().method() === method
        ? route.fulfill({
            status: 503,
            headers: { "access-control-allow-origin": "*" },
            contentType: "application/problem+json",
            json: unavailable,
          })
        : route.fallback(),
  )
}

const unavailable = {
  type: "https://latchkey.dev/problems/unavailable",
  title: "Not available",
  status: 503,
  detail: "Latchkey's storage could not be reached.",
  code: "UNAVAILABLE",
  requestId: "req_of_this_failure",
  params: { message: "Latchkey's storage could not be reached." },
  hint: "Try again shortly.",
}

/** What failed, what to do, and by which name operators find it. */
async function expectProblem(page: Page): Promise<void> {
  const scope = (await page.getByRole("dialog").count()) > 0 ? dialog(page) : page.locator("main")
  await scope.getByText(unavailable.detail).first().waitFor()
  expect(await scope.getByText(unavailable.hint).count()).toBeGreaterThan(0)
  expect(await scope.getByText(unavailable.requestId).count()).toBeGreaterThan(0)
  await expectAccessible(page)
}

const works = (page: Page) => page.unrouteAll({ behavior: "wait" })

async function openList(): Promise<Page> {
  const page = await stage.open(admin("acme"))
  await page.getByText("Sandbox Vault").waitFor()
  return page
}

/** The form of a connection that would work. */
async function filledForm(page: Page): Promise<void> {
  const config = stage.api.sandbox.demo.find(({ providerId }) => providerId === "hashicorp")?.config ?? {}
  await button(page, "New connection").click()
  await button(page, "HashiCorp Vault").click()
  await dialog(page).getByLabel("Name", { exact: true }).fill("Typed")
  await dialog(page).getByLabel(/^URL/).fill(String(config.url))
  await dialog(page)
    .getByLabel(/^Role ID/)
    .fill(String(config.roleId))
  await dialog(page)
    .getByLabel(/^Secret ID/)
    .fill(String(config.secretId))
}

describe("a call that fails is told where it was made, and can be made again:", () => {
  test("listing connections and providers", async () => {
    const page = await openList()
    for (const path of [/^$/, /^\/providers$/]) {
      await fail(page, "GET", path)
      await page.getByRole("link", { name: "Resolve tester" }).click()
      await page.getByRole("link", { name: "Connections" }).click()
      await expectProblem(page)
      await works(page)
      await button(page, "Try again").click()
      await page.getByText("Sandbox Vault").waitFor()
      await page.getByText(unavailable.detail).waitFor({ state: "detached" })
    }
  })

  test("testing a connection, and clearing caches", async () => {
    const page = await openList()
    await fail(page, "POST", /\/test$/)
    await fail(page, "DELETE", /\/cache/)
    await button(page, "Test Sandbox Vault").click()
    await expectProblem(page)
    await page.keyboard.press("Escape")
    for (const name of ["Clear the cache of Sandbox Vault", "Clear the platform's cache"]) {
      await button(page, name).click()
      await expectProblem(page)
    }
    await works(page)
    await button(page, "Clear the platform's cache").click()
    await page.getByRole("status").getByText("The platform's cache is cleared").waitFor()
    expect(await page.getByText(unavailable.detail).count()).toBe(0)
  })

  test("the test before a new connection is saved, and its saving, with what was typed", async () => {
    const page = await openList()
    await filledForm(page)
    await fail(page, "POST", /^\/test$/)
    await button(page, "Test and save").click()
    await expectProblem(page)
    const step = (name: string) => dialog(page).getByRole("listitem").filter({ hasText: name }).first()
    expect(await step("Test the connection").innerText()).toContain(unavailable.detail)
    await works(page)
    await fail(page, "POST", /^$/)
    await button(page, "Test and save").click()
    await step("Save it").getByText(unavailable.detail).waitFor()
    await dialog(page).getByText("Nothing was saved.").waitFor()
    expect(
      await dialog(page)
        .getByLabel(/^Secret ID/)
        .inputValue(),
    ).not.toBe("")
    await works(page)
    await button(page, "Test and save").click()
    await page.getByRole("status").getByText("Typed is connected.").waitFor()
  })

  test("saving an edited connection, looking at what others saved, and deleting it", async () => {
    const page = await openList()
    await button(page, "Edit Typed").click()
    await dialog(page).getByLabel("Name", { exact: true }).fill("Renamed")
    await fail(page, "PATCH", /./)
    await button(page, "Save").click()
    await expectProblem(page)
    await works(page)
    const id = await idOf("Typed")
    await stage.api.as(admin("acme")).patch(`/${id}`, { settings: { cacheTtlSeconds: 60 } })
    await fail(page, "GET", new RegExp(`^/${id}`))
    await button(page, "Save").click()
    await expectProblem(page)
    await works(page)
    await button(page, "Save").click()
    await dialog(page).getByText("Someone else saved this connection meanwhile").waitFor()
    await button(page, "Save").click()
    await page.getByRole("status").getByText("Renamed is saved.").waitFor()

    await button(page, "Delete Renamed").click()
    await dialog(page).getByText("Nothing has been resolved through it").waitFor()
    await fail(page, "DELETE", /./)
    await button(page, "Delete the connection").click()
    await expectProblem(page)
    await works(page)
    await button(page, "Delete the connection").click()
    await page.getByRole("status").getByText("Renamed is deleted.").waitFor()
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Connections")
  })

  test("what the secret picker needs: what is open, names, and whether a secret resolves", async () => {
    const page = await openList()
    await fail(page, "GET", /^$/)
    await page.getByRole("link", { name: "Try a connection dialog" }).click()
    await expectProblem(page)
    await works(page)
    await button(page, "Try again").click()
    await button(page, "Connect Stripe").click()
    await button(page, "Use a secret for API key").click()
    await fail(page, "POST", /\/browse$/)
    await fail(page, "POST", /\/validate$/)
    await page
      .getByLabel("Connection", { exact: true })
      .selectOption({ label: "Sandbox Vault (HashiCorp Vault)" })
    await expectProblem(page)
    await page.getByRole("radio", { name: "Type its path" }).check()
    await page.getByLabel("Secret path").fill("secret/data/app/api_key/value")
    await button(page, "Check that it resolves").click()
    await expectProblem(page)
    await works(page)
    await button(page, "Check that it resolves").click()
    await page.getByText("It resolves. The value is not shown.").waitFor()
  })

  test("resolving", async () => {
    const page = await openList()
    await page.getByRole("link", { name: "Resolve tester" }).click()
    await page.getByLabel("Service token").fill(stage.api.sandbox.tokens.service)
    await fail(page, "POST", /\/resolve$/)
    await button(page, "Resolve").click()
    await expectProblem(page)
    await works(page)
    await button(page, "Resolve").click()
    await page.getByText("1 reference resolved").waitFor()
  })

  test("reading the audit, and who reaches which secret", async () => {
    const page = await openList()
    await fail(page, "GET", /^\/audit/)
    await page.getByRole("link", { name: "Audit" }).click()
    await expectProblem(page)
    await works(page)
    await button(page, "Try again").click()
    await page.getByRole("toolbar").getByRole("button").first().waitFor()
    await fail(page, "GET", /\/usage/)
    await page.getByRole("radio", { name: "Who reaches which secret" }).check()
    await page.getByRole("combobox", { name: "Connection" }).selectOption({ label: "Sandbox Vault" })
    await expectProblem(page)
    await works(page)
    await button(page, "Try again").click()
    await page.getByText("1 path", { exact: true }).waitFor()
  })
})

async function idOf(name: string): Promise<string> {
  const { body } = await stage.api.as(admin("acme")).get("")
  const all = body.data as unknown as { id: string; name: string }[]
  return all.find((one) => one.name === name)?.id ?? ""
}
