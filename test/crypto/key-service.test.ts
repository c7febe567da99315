import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { KMSClient } from "@aws-sdk/client-kms"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { awsKms } from "../../core/crypto/aws-kms.ts"
import { type KmsServer, startKms } from "../../local/kms.ts"
import { memoryKms } from "../support/memory-kms.ts"
import { keyServiceSuite } from "./key-service-suite.ts"

describe("the key service in memory", () => {
  keyServiceSuite(async () => ({ kms: memoryKms(), otherKey: memoryKms(), stop: async () => {} }))
})

describe("AWS KMS, as the sandbox has it", () => {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-keys-"))
  let server: KmsServer
  let client: KMSClient
  const under = (keyId: string) => awsKms({ client: async () => client, keyId })

  beforeAll(async () => {
    server = await startKms({ folder, aliases: ["latchkey", "other"] })
    client = new KMSClient({
      endpoint: server.url,
      region: "us-east-1",
      maxAttempts: 1,
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    })
  })
  afterAll(async () => {
    client?.destroy()
    await server?.close()
    rmSync(folder, { recursive: true })
  })

  keyServiceSuite(async () => ({
    kms: under(server.keyId),
    otherKey: under("alias/other"),
    stop: async () => {},
  }))

  test("opens what was wrapped before the key was rotated", async () => {
    const kms = under(server.keyId)
    const { plain, wrapped } = await kms.generateDataKey({ platformId: "acme" })
    await server.rotate()
    expect(await kms.decrypt(wrapped, { platformId: "acme" })).toEqual(plain)
  })

  test.each<[string, () => void]>([
    ["out of reach", () => Object.assign(server.faults, { mode: "refuse" })],
    ["without the key", () => {}],
  ])("is UNAVAILABLE while it is %s: no answer is not an answer", async (_, fail) => {
    const kms = under("alias/nowhere")
    const { wrapped } = await under(server.keyId).generateDataKey({ platformId: "acme" })
    fail()
    for (const attempt of [
      () => kms.generateDataKey({ platformId: "acme" }),
      () => kms.decrypt(wrapped, { platformId: "acme" }),
    ])
      await expect(attempt()).rejects.toMatchObject({
        code: "UNAVAILABLE",
        message: "Latchkey's encryption keys could not be reached. Try again shortly.",
      })
    server.faults.mode = "answer"
  })

  test("is UNAVAILABLE where a client cannot even be made", async () => {
    const kms = awsKms({ client: () => Promise.reject(new Error("no region")), keyId: "k" })
    await expect(kms.generateDataKey({})).rejects.toThrow()
  })
})
