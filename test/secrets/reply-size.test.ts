import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { LatchkeyError } from "../../core/errors.ts"
import type { Json } from "../../core/json.ts"
import { admin, callerOf, connected, resolve } from "../support/instance.ts"

const MiB = 1024 * 1024
const rest = { bytes: 4 * MiB, enveloped: true }
const direct = { bytes: 5 * MiB, enveloped: false }

async function withSecret(key: string) {
  const shared = await connected()
  shared.vault.documents.set("secret/data/app", { key })
  const one = shared.reference("secret/data/app/key")
  return { ...shared, one }
}

const codeOf = async (work: Promise<unknown>) =>
  work.then(
    () => "ok",
    (error: unknown) => (error instanceof LatchkeyError ? error.code : error),
  )

describe("the bound on a reply", () => {
  test("refuses one 64 KiB secret that is referenced 500 times, in little time", async () => {
    const { latchkey, one } = await withSecret("x".repeat(64 * 1024))
    const value = Array.from({ length: 500 }, () => one)
    for (const reply of [rest, direct])
      expect(await codeOf(resolve(latchkey, value, { reply }))).toBe("PAYLOAD_TOO_LARGE")
    expect(await codeOf(resolve(latchkey, [value.join("")], { reply: rest }))).toBe("PAYLOAD_TOO_LARGE")
    expect((await resolve(latchkey, value.slice(0, 50), { reply: rest })).references).toHaveLength(50)
  })

  test("counts what Lambda's envelope makes of quotes and backslashes", async () => {
    const { latchkey, one } = await withSecret('"'.repeat(64 * 1024))
    const value = Array.from({ length: 20 }, () => one)
    expect(await codeOf(resolve(latchkey, value, { reply: rest }))).toBe("PAYLOAD_TOO_LARGE")
    expect(await codeOf(resolve(latchkey, value, { reply: direct }))).toBe("ok")
  })

  test("is exact: a reply of just so many bytes passes, and one byte more does not", async () => {
    const units = fc.constantFrom("a", '"', "\\", "\u0000", "é", "\u2028", "😀", "\ud800", "/")
    const text = fc.array(units, { maxLength: 40 }).map((parts) => parts.join(""))
    const { latchkey, vault, reference } = await withSecret("")
    await fc.assert(
      fc.asyncProperty(text, text, fc.boolean(), fc.nat(), async (secret, literal, enveloped, n) => {
        const name = `secret/data/${n}-${crypto.randomUUID()}`
        vault.documents.set(name, { key: secret })
        const here = `${literal.replaceAll("\\", "")}${reference(`${name}/key`)}!`
        const value: Json = { [literal]: [here, here, reference(`${name}/none`)], n, plain: literal }
        const ask = (bytes: number) =>
          resolve(latchkey, value, { reply: { bytes, enveloped }, onError: "report" })
        // From the provider first, then from memory as all that follow. Request ids are all of one length.
        await ask(5 * MiB)
        const json = JSON.stringify(await ask(5 * MiB))
        const bytes = Buffer.byteLength(enveloped ? JSON.stringify(json) : json)
        expect(await codeOf(ask(bytes)), "just so many").toBe("ok")
        expect(await codeOf(ask(bytes - 1)), "one less").toBe("PAYLOAD_TOO_LARGE")
      }),
      { numRuns: 60 },
    )
  })
})

describe("the places of references", () => {
  /** 500 references under one huge key: each is listed with the key in its pointer. */
  const underHugeKey = (key: string, one: string): Json => ({ [key]: Array.from({ length: 500 }, () => one) })

  test("are bounded before anything is read or asked, where one huge key would come back with each of them", async () => {
    const { latchkey, one, roundTrips } = await withSecret("v")
    const value = underHugeKey("k".repeat(900_000), one)
    for (const reply of [rest, direct]) {
      const spent = await roundTrips(async () => {
        expect(await codeOf(resolve(latchkey, value, { reply }))).toBe("PAYLOAD_TOO_LARGE")
      })
      expect(Object.values(spent)).toEqual([0, 0, 0, 0, 0, 0])
    }
  })

  test("count once for each reference of a string", async () => {
    const { latchkey, one } = await withSecret("v")
    const key = "k".repeat(20_000)
    expect(await codeOf(resolve(latchkey, { [key]: one.repeat(500) }))).toBe("PAYLOAD_TOO_LARGE")
    expect(await codeOf(resolve(latchkey, { [key]: one.repeat(50) }))).toBe("ok")
  })

  test("are bounded for validate as well, before and after: errors repeat them", async () => {
    const { latchkey, one, reference, roundTrips } = await withSecret("v")
    const validate = (value: Json) => codeOf(latchkey.validate(callerOf(latchkey, admin), { value }))
    const spent = await roundTrips(async () => {
      expect(await validate(underHugeKey("k".repeat(250_000), one))).toBe("PAYLOAD_TOO_LARGE")
    })
    expect(Object.values(spent)).toEqual([0, 0, 0, 0, 0, 0])
    const key = "k".repeat(7_000)
    expect(await validate(underHugeKey(key, one))).toBe("ok")
    expect(await validate(underHugeKey(key, reference("secret/data/none/key")))).toBe("PAYLOAD_TOO_LARGE")
  })

  test("in the reports of failing ones count too", async () => {
    const { latchkey, reference } = await withSecret("v")
    const value = underHugeKey("k".repeat(7_000), reference("secret/data/none/key"))
    expect(await codeOf(resolve(latchkey, value, { onError: "report" }))).toBe("PAYLOAD_TOO_LARGE")
    expect(await codeOf(resolve(latchkey, value))).toBe("SECRET_MANAGER_GET_SECRET_FAILED")
  })
})
