import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  KMSClient,
  ReEncryptCommand,
} from "@aws-sdk/client-kms"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type KmsServer, startKms } from "../../local/kms.ts"

const folder = mkdtempSync(join(tmpdir(), "latchkey-kms-"))
const EncryptionContext = { platformId: "acme", connectionId: "smc_1", purpose: "config" }
let kms: KmsServer
let client: KMSClient

const clientOf = (server: KmsServer) =>
  new KMSClient({
    region: "us-east-1",
    endpoint: server.url,
    maxAttempts: 1,
    credentials: { accessKeyId: "sandbox", secretAccessKey: "sandbox" },
  })

beforeAll(async () => {
  kms = await startKms({ folder, aliases: ["latchkey", "other"] })
  client = clientOf(kms)
})

afterAll(async () => {
  client.destroy()
  await kms.close()
  rmSync(folder, { recursive: true })
})

const generate = (KeyId = kms.keyId) =>
  client.send(new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256", EncryptionContext }))

describe("the sandbox's KMS, asked by the AWS SDK", () => {
  test("makes a data key that opens again under the same context, in any order", async () => {
    const made = await generate()
    expect(made.Plaintext).toHaveLength(32)
    const opened = await client.send(
      new DecryptCommand({
        CiphertextBlob: made.CiphertextBlob,
        EncryptionContext: { purpose: "config", connectionId: "smc_1", platformId: "acme" },
      }),
    )
    expect(opened.Plaintext).toEqual(made.Plaintext)
    expect(opened.KeyId).toBe(kms.keyId)
  })

  test.each([
    ["another context", { ...EncryptionContext, platformId: "rival" }],
    ["a context with less", { platformId: "acme", connectionId: "smc_1" }],
    ["a context with more", { ...EncryptionContext, extra: "" }],
    ["no context", undefined],
  ])("refuses to open under %s", async (_, other) => {
    const { CiphertextBlob } = await generate()
    await expect(
      client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: other })),
    ).rejects.toMatchObject({
      name: "InvalidCiphertextException",
      $metadata: { httpStatusCode: 400 },
    })
  })

  test("refuses a ciphertext of which any byte was changed", async () => {
    const { CiphertextBlob } = await client.send(
      new EncryptCommand({ KeyId: kms.keyId, Plaintext: Buffer.from("hi"), EncryptionContext }),
    )
    const outcomes = await Promise.all(
      Array.from(CiphertextBlob ?? [], (byte, index) => {
        const changed = Uint8Array.from(CiphertextBlob ?? [])
        changed[index] = byte ^ 1
        return client.send(new DecryptCommand({ CiphertextBlob: changed, EncryptionContext })).then(
          () => "opened",
          (error: Error) => error.name,
        )
      }),
    )
    expect(new Set(outcomes)).toEqual(new Set(["InvalidCiphertextException"]))
  })

  test("finds a key by id, ARN, alias and alias ARN", async () => {
    const id = kms.keyId.split("/")[1]
    const aliasArn = kms.keyId.replace(/key\/.*/, "alias/latchkey")
    for (const KeyId of [id, kms.keyId, "alias/latchkey", aliasArn]) {
      const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId }))
      expect(KeyMetadata).toMatchObject({ Arn: kms.keyId, KeyId: id, KeyState: "Enabled" })
    }
  })

  test("says in AWS's words which key or alias is missing", async () => {
    await expect(generate("alias/none")).rejects.toMatchObject({
      name: "NotFoundException",
      message: "Alias arn:aws:kms:us-east-1:000000000000:alias/none is not found.",
    })
    await expect(generate("none")).rejects.toMatchObject({
      name: "NotFoundException",
      message: "Key 'arn:aws:kms:us-east-1:000000000000:key/none' does not exist",
    })
  })

  test("moves a ciphertext to another key and context without showing the plaintext", async () => {
    const made = await generate()
    const moved = await client.send(
      new ReEncryptCommand({
        CiphertextBlob: made.CiphertextBlob,
        SourceEncryptionContext: EncryptionContext,
        DestinationKeyId: "alias/other",
        DestinationEncryptionContext: { platformId: "acme" },
      }),
    )
    expect(moved.SourceKeyId).toBe(kms.keyId)
    const open = new DecryptCommand({
      CiphertextBlob: moved.CiphertextBlob,
      KeyId: "alias/other",
      EncryptionContext: { platformId: "acme" },
    })
    expect((await client.send(open)).Plaintext).toEqual(made.Plaintext)
  })

  test("refuses to open with another key than the one that made the ciphertext", async () => {
    const { CiphertextBlob } = await generate()
    await expect(
      client.send(new DecryptCommand({ CiphertextBlob, KeyId: "alias/other", EncryptionContext })),
    ).rejects.toMatchObject({ name: "IncorrectKeyException" })
  })

  test("refuses what AWS would refuse to read", async () => {
    await expect(
      client.send(new GenerateDataKeyCommand({ KeyId: kms.keyId, EncryptionContext })),
    ).rejects.toMatchObject({ name: "ValidationException" })
    await expect(
      client.send(new EncryptCommand({ KeyId: kms.keyId, Plaintext: Buffer.alloc(4097) })),
    ).rejects.toMatchObject({ name: "ValidationException" })
    const unsigned = await fetch(kms.url, {
      method: "POST",
      headers: { "x-amz-target": "TrentService.DescribeKey" },
      body: "{}",
    })
    expect(unsigned.status).toBe(400)
    expect(await unsigned.json()).toMatchObject({ __type: "MissingAuthenticationTokenException" })
    const unknown = await fetch(kms.url, { method: "POST", headers: { "x-amz-target": "TrentService.Nope" } })
    expect(await unknown.json()).toMatchObject({ __type: "UnknownOperationException" })
  })

  test("counts requests by operation and can stop answering", async () => {
    kms.requests.reset()
    await generate()
    expect(kms.requests.all()).toEqual({ GenerateDataKey: 1 })
    kms.faults.mode = "refuse"
    await expect(generate()).rejects.toThrow()
    kms.faults.mode = "hang"
    const abort = new AbortController()
    const pending = client.send(new DescribeKeyCommand({ KeyId: kms.keyId }), { abortSignal: abort.signal })
    setImmediate(() => abort.abort())
    await expect(pending).rejects.toMatchObject({ name: "AbortError" })
    kms.faults.mode = "answer"
    await generate()
  })
})

describe("the keys on disk", () => {
  test("are readable by their owner alone and survive a restart and a rotation", async () => {
    const own = mkdtempSync(join(tmpdir(), "latchkey-kms-"))
    const first = await startKms({ folder: own })
    const before = readFileSync(join(own, "latchkey.1.json"), "utf8")
    const a = clientOf(first)
    const made = await a.send(
      new GenerateDataKeyCommand({ KeyId: first.keyId, KeySpec: "AES_256", EncryptionContext }),
    )
    await first.rotate()
    a.destroy()
    await first.close()

    const second = await startKms({ folder: own })
    const b = clientOf(second)
    expect(second.keyId).toBe(first.keyId)
    const opened = await b.send(
      new DecryptCommand({ CiphertextBlob: made.CiphertextBlob, EncryptionContext }),
    )
    expect(opened.Plaintext).toEqual(made.Plaintext)
    const moved = await b.send(
      new ReEncryptCommand({
        CiphertextBlob: made.CiphertextBlob,
        DestinationKeyId: second.keyId,
        SourceEncryptionContext: EncryptionContext,
        DestinationEncryptionContext: EncryptionContext,
      }),
    )
    const versionOf = (blob: Uint8Array | undefined) => Buffer.from(blob ?? []).readUInt32BE(17)
    expect([versionOf(made.CiphertextBlob), versionOf(moved.CiphertextBlob)]).toEqual([1, 2])
    b.destroy()
    await second.close()

    expect(readFileSync(join(own, "latchkey.1.json"), "utf8")).toBe(before)
    expect(readdirSync(own)).toEqual(["latchkey.1.json", "latchkey.2.json"])
    expect(statSync(join(own, "latchkey.1.json")).mode & 0o777).toBe(0o600)
    rmSync(own, { recursive: true })
  })
})
