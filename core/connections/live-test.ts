import type { Clock } from "../clock.ts"
import { toProblem } from "../contract/problems.ts"
import type { TestReport } from "../contract/shapes/test-report.ts"
import { LatchkeyError, ProviderError } from "../errors.ts"
import type { CheckReport, ProviderClient } from "../providers/provider.ts"
import type { ProviderId } from "../providers/registry.ts"
import type { Status } from "./status.ts"

/** What a live test found, as the API shows it and as a status to remember. */
export interface LiveTest {
  report(requestId: string): TestReport
  status: Status
}

/** Really asks the secret manager, for at most `timeoutMs`. Its failures are findings, never thrown. */
export async function liveTest(input: {
  client: ProviderClient
  providerId: ProviderId
  connectionId?: string
  clock: Clock
  timeoutMs: number
  signal: AbortSignal
}): Promise<LiveTest> {
  const { client, providerId, connectionId, clock, timeoutMs, signal } = input
  const checkedAt = clock.now()
  const { steps, warnings } = await check(client, AbortSignal.any([signal, clock.timeout(timeoutMs)]))
  signal.throwIfAborted()
  const error = steps.find((step) => !step.ok)?.error
  const connected = steps.length > 0 && steps.every((step) => step.ok)
  const latencies = steps.flatMap(({ latencyMs }) => latencyMs ?? [])
  return {
    status: { connected, checkedAt, ...(error && { error }) },
    report: (requestId) => ({
      connected,
      checkedAt: new Date(checkedAt).toISOString(),
      ...(latencies.length > 0 && { latencyMs: latencies.reduce((sum, latency) => sum + latency, 0) }),
      steps: steps.map(({ error, ...step }) => ({
        ...step,
        ...(error && { error: toProblem(connectionFailed(error, providerId, connectionId), requestId) }),
      })),
      warnings,
    }),
  }
}

/** The error of a failed live test, as its caller sees it. */
export function connectionFailed(
  error: ProviderError,
  providerId: ProviderId,
  connectionId?: string,
): LatchkeyError {
  return new LatchkeyError(
    "SECRET_MANAGER_CONNECTION_FAILED",
    error.message,
    {
      reason: error.reason,
      providerId,
      ...(connectionId !== undefined && { connectionId }),
      ...(error.upstream && { upstream: error.upstream }),
    },
    { cause: error },
  )
}

async function check(client: ProviderClient, signal: AbortSignal): Promise<CheckReport> {
  try {
    return await client.check(signal)
  } catch (cause) {
    const error =
      cause instanceof ProviderError
        ? cause
        : signal.aborted
          ? new ProviderError(
              "TIMEOUT",
              "The secret manager did not answer in time. Check that it is up and reachable from Latchkey.",
            )
          : new ProviderError("PROVIDER_ERROR", "The secret manager's answer could not be understood.", {
              cause,
            })
    return { steps: [{ name: "reach", ok: false, error }], warnings: [] }
  }
}
