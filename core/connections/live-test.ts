import type { Clock } from "../clock.ts"
import { toProblem } from "../contract/problems.ts"
import type { TestReport } from "../contract/shapes/test-report.ts"
import { ProviderError } from "../errors.ts"
import type { AwsPlace, CheckReport, ProviderClient } from "../providers/provider.ts"
import { type ConnectionIdentity, connectionFailed, failureOf } from "./failures.ts"
import type { Status } from "./status.ts"

/** What a live test found, as the API shows it and as a status to remember. */
export interface LiveTest {
  report(requestId: string): TestReport
  status: Status
  /** Only of a test that succeeded. */
  aws?: AwsPlace
}

/** Really asks the secret manager, for at most `timeoutMs`. Its failures are findings, never thrown. */
export async function liveTest(input: {
  client: ProviderClient
  connection: ConnectionIdentity
  clock: Clock
  timeoutMs: number
  signal: AbortSignal
}): Promise<LiveTest> {
  const { client, connection, clock, timeoutMs, signal } = input
  const checkedAt = clock.now()
  const { steps, warnings, aws } = await check(client, AbortSignal.any([signal, clock.timeout(timeoutMs)]))
  signal.throwIfAborted()
  const error = steps.find((step) => !step.ok)?.error
  const connected = steps.length > 0 && steps.every((step) => step.ok)
  const latencies = steps.flatMap(({ latencyMs }) => latencyMs ?? [])
  return {
    status: { connected, checkedAt, ...(error && { error }) },
    ...(connected && aws && { aws }),
    report: (requestId) => ({
      connected,
      checkedAt: new Date(checkedAt).toISOString(),
      ...(latencies.length > 0 && { latencyMs: latencies.reduce((sum, latency) => sum + latency, 0) }),
      steps: steps.map(({ error, ...step }) => ({
        ...step,
        ...(error && { error: toProblem(connectionFailed(error, connection), requestId) }),
      })),
      warnings,
    }),
  }
}

/** @throws LatchkeyError `SECRET_MANAGER_CONNECTION_FAILED` */
export function refuseIfFailed({ status }: LiveTest, connection: ConnectionIdentity): void {
  if (status.connected) return
  const error = status.error ?? new ProviderError("PROVIDER_ERROR", "The secret manager could not be tested.")
  throw connectionFailed(error, connection)
}

async function check(client: ProviderClient, signal: AbortSignal): Promise<CheckReport> {
  try {
    return await client.check(signal)
  } catch (error) {
    return { steps: [{ name: "reach", ok: false, error: failureOf(error, signal) }], warnings: [] }
  }
}
