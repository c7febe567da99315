import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { decodeJwt } from "jose"
import { afterAll, beforeAll, describe, expect, test } from "vitest"

const local = join(import.meta.dirname, "../../local")
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "latchkey-start-"))
})

afterAll(() => rmSync(folder, { recursive: true }))

const run = (script: string, ...args: string[]) =>
  spawn(process.execPath, [join(local, script), ...args], { stdio: ["ignore", "pipe", "pipe"] })

async function outcome(child: ReturnType<typeof run>) {
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit"),
  ])
  return { code, stdout, stderr }
}

describe("npm start", () => {
  test("tells people and programs where everything is, and ends well on Ctrl-C", async () => {
    const data = join(folder, "data")
    const sandbox = run("start.ts", "--port", "0", "--data-dir", data, "--no-demo")
    let stdout = ""
    for await (const chunk of sandbox.stdout) {
      stdout += chunk
      if (/^latchkey ready .*\n/m.test(stdout)) break
    }
    const ready = JSON.parse(/^latchkey ready (.*)$/m.exec(stdout)?.[1] ?? "")
    expect(ready.api).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/api\/v1\/secret-managers$/)
    expect(ready.demo).toEqual([])
    expect(decodeJwt(ready.adminToken).role).toBe("ADMIN")
    expect(decodeJwt(ready.serviceToken).type).toBe("SERVICE")
    expect(stdout.match(/^ {2}curl /gm)).toHaveLength(3)
    expect((await fetch(`${ready.api}/providers`)).status).toBe(401)

    const second = await outcome(run("start.ts", "--port", "0", "--data-dir", data))
    expect(second).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^latchkey: .* is in use by another sandbox .*\n$/),
    })
    const ended = once(sandbox, "exit")
    sandbox.kill("SIGINT")
    sandbox.kill("SIGINT") // as a terminal does to the whole group, and `npm start` to its child
    expect(await ended).toEqual([0, null])
    expect(readdirSync(data).filter((name) => name.startsWith("lock"))).toEqual([])
  })

  test.each(["--help", "-h"])("with %s tells what can be chosen, and runs nothing", async (option) => {
    const { code, stdout, stderr } = await outcome(run("start.ts", option))
    expect([code, stderr]).toEqual([0, ""])
    for (const word of ["npm start -- [options]", "--port", "--data-dir", "--no-demo", "REDIS_URL"])
      expect(stdout).toContain(word)
  })

  test("says in one line what to mend", async () => {
    writeFileSync(join(folder, "file"), "")
    const unwritable = await outcome(run("start.ts", "--data-dir", join(folder, "file", "data")))
    expect(unwritable).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^latchkey: cannot write to .*\n$/),
    })
    const nonsense = await outcome(run("start.ts", "--port", "many"))
    expect(nonsense).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^latchkey: --port must be .*\n$/),
    })
  })
})
