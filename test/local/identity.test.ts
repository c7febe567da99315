import { execFile } from "node:child_process"
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { createTokenVerifier } from "../../core/auth/token.ts"
import { systemClock } from "../../core/clock.ts"
import { openIdentity } from "../../local/identity.ts"

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "latchkey-identity-"))
})
afterEach(() => rmSync(dataDir, { recursive: true }))

const verifierOf = async () =>
  createTokenVerifier({ issuers: [(await openIdentity(dataDir)).issuer], clock: systemClock })

describe("the sandbox's identity", () => {
  test("makes tokens that its issuer's configuration verifies, also after it was opened again", async () => {
    const { signToken, jwks } = await openIdentity(dataDir)
    const { verify } = await verifierOf()
    const token = await signToken({ platformId: "acme", role: "MEMBER", type: "SERVICE", projectIds: ["p1"] })
    expect(await verify(token)).toMatchObject({
      platformId: "acme",
      subject: "service@acme",
      role: "MEMBER",
      type: "SERVICE",
      projectIds: ["p1"],
    })
    expect(Object.keys(jwks.keys[0] ?? {})).not.toContain("d")
  })

  test("keeps its key readable by its user alone", async () => {
    await openIdentity(dataDir)
    const file = join(dataDir, "identity.json")
    expect(statSync(file).mode & 0o777).toBe(0o600)
    chmodSync(file, 0o644)
    await openIdentity(dataDir)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  test("is one, however many open it first at the same time", async () => {
    const opened = await Promise.all([1, 2, 3, 4].map(() => openIdentity(dataDir)))
    expect(new Set(opened.map(({ jwks }) => JSON.stringify(jwks))).size).toBe(1)
  })

  test("says what to do where its file is damaged, without showing it", async () => {
    for (const content of ["{canary", '{"canary":1}', "null"]) {
      writeFileSync(join(dataDir, "identity.json"), content)
      const error = await openIdentity(dataDir).catch((thrown: unknown) => thrown)
      expect(String(error)).toMatch(/Remove it/)
      expect(String(error)).not.toContain("canary")
    }
  })
})

describe("the token command", () => {
  const run = (...args: string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      execFile(process.execPath, ["local/token.ts", ...args], (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
      )
    })

  test("prints a token and nothing else", async () => {
    const { code, stdout, stderr } = await run(
      "--platform",
      "acme",
      "--role",
      "member",
      "--project",
      "p1",
      "--project",
      "p2",
      "--data-dir",
      dataDir,
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
    expect(await (await verifierOf()).verify(stdout.trim())).toMatchObject({
      platformId: "acme",
      role: "MEMBER",
      type: "USER",
      projectIds: ["p1", "p2"],
    })
  })

  test.each([
    ["without platform", ["--role", "admin"], /--platform is missing/],
    ["without role", ["--platform", "acme"], /--role must be admin or member/],
    [
      "with another type",
      ["--platform", "acme", "--role", "admin", "--type", "robot"],
      /--type must be user or service/,
    ],
    ["with an unknown option", ["--admin"], /Unknown option '--admin'/],
    ["with an id that is none", ["--platform", "a b", "--role", "admin"], /an id is 1 to 128/],
  ])("%s says what is wrong", async (_, args, why) => {
    const { code, stdout, stderr } = await run(...args, "--data-dir", dataDir)
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
    expect(stderr.trim().split("\n")).toHaveLength(1)
    expect(stderr).toMatch(why)
  })

  test("explains itself", async () => {
    expect(await run("--help")).toMatchObject({ code: 0, stdout: expect.stringContaining("--platform ID") })
  })
})

test("where no folder can be made, it says so at once", async () => {
  await expect(openIdentity("/proc/latchkey-nowhere")).rejects.toThrow("--data-dir")
})
