import { CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { awsKms } from "../../core/crypto/aws-kms.ts"
import { keyServiceSuite } from "../crypto/key-service-suite.ts"
import { startMoto } from "./servers.ts"

/** Moto binds ciphertexts to key and context as KMS does. It enforces no credentials, no key policies and no key states: a disabled key goes on. */
describe("AWS KMS, as moto has it", () => {
  let server: Awaited<ReturnType<typeof startMoto>>
  let client: KMSClient

  beforeAll(async () => {
    server = await startMoto()
    client = new KMSClient({
      endpoint: server.url,
      region: "us-east-1",
      maxAttempts: 1,
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    })
  })
  afterAll(async () => {
    client?.destroy()
    await server?.stop()
  })

  async function newKey() {
    const { KeyMetadata } = await client.send(new CreateKeyCommand({}))
    const keyId = KeyMetadata?.KeyId ?? ""
    return { keyId, kms: awsKms({ client: async () => client, keyId }) }
  }

  // It answers AccessDeniedException where KMS answers IncorrectKeyException or InvalidCiphertextException.
  keyServiceSuite(async () => ({
    kms: (await newKey()).kms,
    otherKey: (await newKey()).kms,
    imprecise: true,
    stop: async () => {},
  }))

  test("a key that is not there, and a service that is gone, are outages", async () => {
    const { kms } = await newKey()
    const { wrapped } = await kms.generateDataKey({ platformId: "acme" })
    const unavailable = { code: "UNAVAILABLE" }
    const missing = awsKms({ client: async () => client, keyId: "alias/nowhere" })
    await expect(missing.generateDataKey({ platformId: "acme" })).rejects.toMatchObject(unavailable)
    await server.stop()
    await expect(kms.generateDataKey({ platformId: "acme" })).rejects.toMatchObject(unavailable)
    await expect(kms.decrypt(wrapped, { platformId: "acme" })).rejects.toMatchObject(unavailable)
  })
})
