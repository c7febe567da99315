import { LatchkeyError } from "../../core/errors.ts"
import type { ChainDeps, Exchange } from "./exchange.ts"

/** Puts a denied attempt into the audit. Nothing leaves with a denial, so one that cannot be recorded is answered all the same. */
export async function recordDenial<Event, Input>(
  error: unknown,
  { principal, requestId }: Exchange<Event, Input>,
  operation: string,
  { getApp, metrics }: Pick<ChainDeps, "getApp" | "metrics">,
): Promise<void> {
  if (!(error instanceof LatchkeyError) || error.code !== "AUTHORIZATION" || principal === undefined) return
  try {
    const { audit } = await getApp()
    const { platformId, subject: actor } = principal
    await audit
      .request()
      .record([{ platformId, actor, action: "denied", operation, requestId, code: error.code }])
  } catch {
    metrics.count("DenialNotRecorded")
  }
}
