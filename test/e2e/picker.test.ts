import type { Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { admin, member, service } from "../support/sandbox-api.ts"
import { expectAccessible, picture, type Stage, startStage } from "./stage.ts"

let stage: Stage

beforeAll(async () => {
  stage = await startStage()
})
afterAll(() => stage?.close())

const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true })
const connection = (page: Page) => page.getByLabel("Connection", { exact: true })

async function openPicker(claims = admin("acme")): Promise<Page> {
  const page = await stage.open(claims)
  await page.getByRole("link", { name: "Try a connection dialog" }).click()
  await button(page, "Connect Stripe").click()
  await page.getByLabel("API key", { exact: true }).fill("sk_plain")
  await button(page, "Use a secret for API key").click()
  return page
}

describe("the secret picker", () => {
  test("browses to a secret, builds its reference, and checks it without its value", async () => {
    const page = await openPicker()
    const answers: string[] = []
    page.on("response", async (response) => {
      if (response.url().startsWith(stage.api.sandbox.api))
        answers.push(await response.text().catch(() => ""))
    })
    await connection(page).selectOption({ label: "Sandbox Vault (HashiCorp Vault)" })
    for (const folder of ["secret", "app", "api_key"])
      await page.getByRole("button", { name: `${folder} folder` }).click()
    await page.getByRole("button", { name: "value secret" }).click()
    await page.getByText("It resolves. The value is not shown.").waitFor()
    await expectAccessible(page)
    await picture(page, "secret-picker")
    await button(page, "Use this secret").click()

    const demo = stage.api.sandbox.demo.find(({ providerId }) => providerId === "hashicorp")
    await button(page, "Save").click()
    expect(await page.locator("pre").innerText()).toContain(demo?.reference)
    expect(answers.join()).not.toContain(demo?.value)
  })

  test("goes back to plain text, and to the secret again", async () => {
    const page = await openPicker(member("acme", "p1"))
    await connection(page).selectOption({ label: "Sandbox AWS Secrets Manager (AWS Secrets Manager)" })
    await page.getByRole("radio", { name: "Type its path" }).check()
    await page.getByLabel("Secret name or ARN").fill("prod/db")
    await page.getByLabel(/^Key in its JSON/).fill("password")
    await page.getByText("{{secret://sandboxAws00000000000/prod/db#password}}").waitFor()
    await button(page, "Use this secret").click()
    await button(page, "Write plain text for API key").click()
    expect(await page.getByLabel("API key", { exact: true }).inputValue()).toBe("sk_plain")
    await button(page, "Back to the secret for API key").click()
    await page.getByRole("dialog").getByText("prod/db#password").waitFor()
  })

  test("says why a path does not resolve, and what an option may be", async () => {
    const page = await openPicker()
    await connection(page).selectOption({ label: "Sandbox Vault (HashiCorp Vault)" })
    await page.getByRole("radio", { name: "Type its path" }).check()
    await page.getByLabel("Secret path").fill("secret/data/none/value")
    await button(page, "Check that it resolves").click()
    await page.getByRole("dialog").getByText("Not found").first().waitFor()
    await page.getByLabel(/^Options/).fill("colour=red")
    await page.getByText('There is no option "colour"').waitFor()
    expect(await button(page, "Use this secret").isDisabled()).toBe(true)
  })

  test("offers what the project may use alone", async () => {
    const vault = stage.api.sandbox.demo.find(({ providerId }) => providerId === "hashicorp")
    const made = await stage.api.as(admin("acme")).post("", {
      providerId: "hashicorp",
      name: "Of p2",
      scope: "PROJECT",
      projectIds: ["p2"],
      config: vault?.config,
    })
    expect(made.status).toBe(201)
    const offered = async (projectId: string) =>
      (await connection(await openPicker(member("acme", projectId))).innerText()).includes("Of p2")
    expect([await offered("p1"), await offered("p2")]).toEqual([false, true])
  })

  test("stands in each of its states", async () => {
    const page = await stage.open(admin("acme"))
    await page.getByRole("link", { name: "Try a connection dialog" }).click()
    await page.getByText("Holds 1 reference within text.").waitFor()
    await page.getByText("This starts as a reference and is none").waitFor()
    await page.getByText("Secret of a connection that is not open here").waitFor()
    await expectAccessible(page)
  })
})

describe("the resolve tester", () => {
  test("shows what resolves and from where, and values only when asked", async () => {
    const page = await stage.open(admin("acme"))
    const demo = stage.api.sandbox.demo.find(({ providerId }) => providerId === "hashicorp")
    await page.getByRole("link", { name: "Resolve tester" }).click()
    const template = {
      good: `Bearer ${demo?.reference}`,
      bad: "{{secret://sandboxHashicorp00000/secret/data/x/y}}",
    }
    await page.getByLabel("Template, any JSON").fill(JSON.stringify(template))
    await page.getByLabel("Service token").fill(stage.api.sandbox.tokens.admin)
    await button(page, "Resolve").click()
    await page.getByText("This is not a service's token of this platform.").waitFor()
    await page.getByLabel("Service token").fill(stage.api.sandbox.tokens.service)
    await button(page, "Resolve").click()
    await page.getByText("1 resolved, 1 failed").waitFor()
    expect(await page.locator("main").innerText()).not.toContain(demo?.value)
    await expectAccessible(page)
    await button(page, "Show values").click()
    await page.getByText(`Bearer ${demo?.value}`).waitFor()
  })

  test("needs no other token where a service is signed in", async () => {
    const page = await stage.open(service("acme"))
    await page.getByRole("link", { name: "Resolve tester" }).click()
    expect(await page.getByLabel("Service token").count()).toBe(0)
    await button(page, "Resolve").click()
    await page.getByText("1 reference resolved").waitFor()
  })
})
