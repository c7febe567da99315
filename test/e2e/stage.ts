import { createServer } from "node:net"
import { join } from "node:path"
import { AxeBuilder } from "@axe-core/playwright"
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core"
import { expect } from "vitest"
import { startConsole } from "../../local/console.ts"
import type { TokenClaims } from "../../local/identity.ts"
import type { SandboxOptions } from "../../local/sandbox.ts"
import { secretManagers } from "../../local/secret-managers/all.ts"
import { type SandboxApi, startSandboxApi } from "../support/sandbox-api.ts"

/** The console in a browser, over a sandbox with its demo. */
export interface Stage {
  api: SandboxApi
  /** Where the console is, without a token. */
  url: string
  /** A tab of somebody with a token of these claims, and of nobody without claims. */
  open(claims?: TokenClaims, options?: BrowserContextOptions): Promise<Page>
  /** What went wrong in any tab: none of it is expected, unless a test takes it away. */
  complaints: string[]
  close(): Promise<void>
}

const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
]

export const desktop = { width: 1280, height: 800 }

export async function startStage(
  options: Partial<SandboxOptions> & { console?: Partial<Parameters<typeof startConsole>[0]> } = {},
): Promise<Stage> {
  const { console: consoleOptions, ...sandboxOptions } = options
  const api = await startSandboxApi({
    demo: true,
    secretManagers,
    startConsole: ({ port }) => startConsole({ port, ...consoleOptions }),
    ...sandboxOptions,
  })
  let browser: Browser
  try {
    // A user-data folder of its own, made and removed by Playwright.
    browser = await chromium.launch({
      executablePath: process.env.LATCHKEY_CHROMIUM ?? "/usr/bin/chromium",
      args: flags,
    })
  } catch (error) {
    await api.close()
    throw error
  }
  const url = api.sandbox.console ?? ""
  const complaints: string[] = []

  return {
    api,
    url,
    complaints,
    async open(claims, contextOptions = {}) {
      const context = await browser.newContext({
        viewport: desktop,
        reducedMotion: "reduce",
        ...contextOptions,
      })
      const page = await context.newPage()
      page.setDefaultTimeout(20_000)
      page.on("pageerror", (error) => complaints.push(String(error)))
      page.on("console", (message) => {
        // The browser itself reports every answer from 400 up; what the policy forbids is an error too.
        if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
          complaints.push(message.text())
      })
      const token = claims && (await api.sandbox.parts.identity.signToken(claims))
      await page.goto(token === undefined ? url : `${url}#token=${token}`)
      return page
    },
    async close() {
      await browser.close()
      await api.close()
      expect(complaints).toEqual([])
    },
  }
}

/** No violation of any rule of axe, best practices included, in the page as it stands. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(
    violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("; ")}`,
    ),
  ).toEqual([])
}

/** A picture for the documentation, kept where `LATCHKEY_SCREENSHOTS` is set. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = join(import.meta.dirname, "../../docs/images")
  const kept = Boolean(process.env.LATCHKEY_SCREENSHOTS)
  const image = await page.screenshot({
    ...(kept && { path: join(folder, `${name}.png`) }),
    animations: "disabled",
  })
  expect(image.length).toBeGreaterThan(10_000)
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0))
    })
  })
}
