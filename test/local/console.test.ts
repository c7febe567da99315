import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startConsole } from "../../local/console.ts"
import type { ConsoleServer } from "../../local/sandbox.ts"

let folder: string
let server: ConsoleServer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "latchkey-console-"))
  mkdirSync(join(folder, "dist/assets"), { recursive: true })
  writeFileSync(join(folder, "dist/index.html"), "<!doctype html>")
  writeFileSync(join(folder, "dist/assets/index-a_B1.js"), "1")
  writeFileSync(join(folder, "secret.js"), "not a page")
  writeFileSync(join(folder, "dist/.built-from"), "digest")
  server = await startConsole({ port: 0, folder: join(folder, "dist") })
})

afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

const get = (path: string, init?: RequestInit) => fetch(server.url.replace(/\/$/, "") + path, init)

describe("the console's server", () => {
  test("says where the API is once that is known, and lets pages call nothing else", async () => {
    expect((await get("/config.json")).status).toBe(503)
    server.connect({ baseUrl: "http://127.0.0.1:4000/api" })
    expect(await (await get("/config.json")).json()).toEqual({ apiUrl: "http://127.0.0.1:4000/api" })
    const page = await get("/")
    expect(page.headers.get("content-security-policy")).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' http://127.0.0.1:4000; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    )
    expect(page.headers.get("x-content-type-options")).toBe("nosniff")
    expect(page.headers.get("referrer-policy")).toBe("no-referrer")
  })

  test("serves what was built, as what it is", async () => {
    expect((await get("/?code=1")).headers.get("content-type")).toContain("text/html")
    expect((await get("/assets/index-a_B1.js")).headers.get("content-type")).toContain("text/javascript")
  })

  test.each(["/../secret.js", "/%2e%2e/secret.js", "/..%2fsecret.js", "/.built-from", "/assets", "/none.js"])(
    "has no %s",
    async (path) => {
      expect((await get(path)).status).toBe(404)
    },
  )

  test("is read only, and by no foreign page", async () => {
    expect((await get("/", { method: "POST" })).status).toBe(405)
    expect((await get("/config.json", { headers: { origin: "https://evil.example" } })).status).toBe(403)
  })
})
