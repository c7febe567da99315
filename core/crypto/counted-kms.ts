import type { Metrics } from "../metrics.ts"
import type { KeyService } from "./key-service.ts"

/** The same key service, each of its calls counted: they are paid for, and a wave of them tells of keys not kept. */
export function countedKms(kms: KeyService, metrics: Metrics): KeyService {
  async function counted<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    metrics.count("KmsCall")
    try {
      return await call()
    } catch (error) {
      metrics.count("KmsFailed")
      throw error
    }
  }

  return {
    generateDataKey: (context) => counted(() => kms.generateDataKey(context)),
    decrypt: (wrapped, context) => counted(() => kms.decrypt(wrapped, context)),
    prepare: () => kms.prepare?.(),
  }
}
