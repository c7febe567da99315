import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { openDataFolder, replaceFile, writeOnce } from "../../local/data-folder.ts"

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "latchkey-folder-"))
})

afterEach(() => rmSync(folder, { recursive: true }))

describe("the data folder", () => {
  test("is made where it is missing and locked until it is closed", async () => {
    const path = join(folder, "deep", "data")
    const first = await openDataFolder(path)
    expect(statSync(path).mode & 0o777).toBe(0o700)
    await expect(openDataFolder(path)).rejects.toThrow(`${path} is in use by another sandbox`)
    await first.close()
    await (await openDataFolder(path)).close()
  })

  test("is refused while another process holds it, and free once that is killed", async () => {
    const module = new URL("../../local/data-folder.ts", import.meta.url).href
    const script = `await (await import(${JSON.stringify(module)})).openDataFolder(${JSON.stringify(folder)})
      console.log("open"); setInterval(() => {}, 1000)`
    const holder = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    })
    await once(holder.stdout, "data")
    await expect(openDataFolder(folder)).rejects.toThrow(`(process ${holder.pid})`)
    holder.kill("SIGKILL")
    await once(holder, "exit")
    await (await openDataFolder(folder)).close()
  })

  test("is never held twice, however many come at once for what a killed process left behind", async () => {
    for (let round = 0; round < 20; round++) {
      writeFileSync(join(folder, "lock.left-behind"), `${process.ppid} 1`)
      const opened = await Promise.allSettled(Array.from({ length: 8 }, () => openDataFolder(folder)))
      const holders = opened.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []))
      expect(holders.length).toBeLessThanOrEqual(1)
      for (const holder of holders) await holder.close()
      await (await openDataFolder(folder)).close()
    }
  })

  test.each([
    ["a process that is gone", () => `${spawnSync(process.execPath, ["--version"]).pid} 1`],
    ["an earlier process of the same number", () => `${process.ppid} 1`],
    ["an earlier process of this one's number", () => `${process.pid} 1`],
    ["nobody", () => ""],
  ])("is taken over from %s", async (_, holder) => {
    writeFileSync(join(folder, "lock.left-behind"), holder())
    const taken = await openDataFolder(folder)
    const locks = readdirSync(folder)
    expect(locks).toEqual([expect.stringMatching(/^lock\.(?!left)/)])
    expect(readFileSync(join(folder, locks[0] ?? ""), "utf8")).toMatch(new RegExp(`^${process.pid} `))
    await taken.close()
    expect(readdirSync(folder)).toEqual([])
  })

  test("is refused in one line where a file is in its way", async () => {
    writeFileSync(join(folder, "file"), "")
    for (const path of [join(folder, "file"), join(folder, "file", "data")])
      await expect(openDataFolder(path)).rejects.toThrow(
        /^cannot write to .*choose another with --data-dir\.$/,
      )
  })
})

describe("files in it", () => {
  test("are written once, by whoever is first", async () => {
    const path = join(folder, "key")
    const written = await Promise.all(["a", "b", "c"].map((text) => writeOnce(path, text)))
    expect(written.filter(Boolean)).toHaveLength(1)
    expect(["a", "b", "c"][written.indexOf(true)]).toBe(readFileSync(path, "utf8"))
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(["key"])
  })

  test("are replaced as a whole", async () => {
    const path = join(folder, "state")
    await replaceFile(path, "one")
    await replaceFile(path, "two")
    expect([readFileSync(path, "utf8"), readdirSync(folder)]).toEqual(["two", ["state"]])
  })
})
