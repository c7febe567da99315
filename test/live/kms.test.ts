import { CreateKeyCommand, DecryptCommand, GenerateDataKeyCommand, KMSClient } from "@aws-sdk/client-kms"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startMoto } from "./servers.ts"

describe("Moto's KMS", () => {
  let server: Awaited<ReturnType<typeof startMoto>>
  let kms: KMSClient

  beforeAll(async () => {
    server = await startMoto()
    kms = new KMSClient({
      endpoint: server.url,
      region: "us-east-1",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    })
  })
  afterAll(async () => {
    kms?.destroy()
    await server?.stop()
  })

  test("a data key is unwrapped under the encryption context it was made with, and under no other", async () => {
    const EncryptionContext = { platformId: "acme", purpose: "platform" }
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
    const made = await kms.send(
      new GenerateDataKeyCommand({ KeyId: KeyMetadata?.KeyId, KeySpec: "AES_256", EncryptionContext }),
    )
    const unwrap = (context: Record<string, string>) =>
      kms.send(new DecryptCommand({ CiphertextBlob: made.CiphertextBlob, EncryptionContext: context }))

    expect((await unwrap(EncryptionContext)).Plaintext).toEqual(made.Plaintext)
    const refused = { name: "InvalidCiphertextException" }
    await expect(unwrap({ ...EncryptionContext, platformId: "globex" })).rejects.toMatchObject(refused)
    await expect(unwrap({})).rejects.toMatchObject(refused)
  })
})
