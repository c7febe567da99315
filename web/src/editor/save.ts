import {
  type Client,
  type Connection,
  LatchkeyProblem,
  type Problem,
  type ProviderInfo,
  type TestReport,
} from "../../../core/client/index.ts"
import { completeConfig, createRequest, updateRequest } from "./form.ts"
import type { Form } from "./provider-fields.ts"

/** How far saving has come: what was tested, and what came of it. */
export interface Progress {
  /** Absent where nothing is tested: neither the server nor the login changes. */
  test?: Test
  save: { state: "waiting" | "busy" | "failed"; error?: unknown }
}

interface Test {
  state: "busy" | "ok" | "failed"
  /** Saving tests as well, with the secrets that are stored: the form has not all that a test of its own needs. */
  withStored: boolean
  /** As far as it came. */
  steps: TestReport["steps"]
  warnings: TestReport["warnings"]
  /** Why it could not even be tried. */
  error?: unknown
}

export interface Saved {
  connection: Connection
  /** What its test found worth knowing. */
  warnings: TestReport["warnings"]
}

interface SaveInput {
  client: Pick<Client, "testUnsaved" | "createConnection" | "updateConnection">
  form: Form
  provider: ProviderInfo
  /** The connection that is edited, as it was when editing began. */
  base: Connection | undefined
  signal: AbortSignal
  onProgress(progress: Progress): void
}

/** Tests, then saves. Undefined where it came to nothing, which the last progress explains; nothing is stored then. */
export async function save(input: SaveInput): Promise<Saved | undefined> {
  const { client, form, provider, base, signal, onProgress } = input
  const update = base && updateRequest(form, provider, base)
  if (base && update && Object.keys(update).length === 0) return { connection: base, warnings: [] }

  const complete = base
    ? update?.config && completeConfig(form, provider, base)
    : createRequest(form, provider).config
  const withStored = complete === undefined && update?.config !== undefined
  let test: Test | undefined
  if (complete) {
    test = await testFirst(complete)
    if (test?.state !== "ok") return undefined
  } else if (withStored) test = { ...untested, withStored }

  try {
    onProgress({ ...(test && { test }), save: { state: withStored ? "waiting" : "busy" } })
    const connection =
      base && update
        ? await client.updateConnection({ id: base.id, ...update }, { signal, ifMatch: base.version })
        : await client.createConnection(createRequest(form, provider), { signal })
    return { connection, warnings: test?.warnings ?? [] }
  } catch (error) {
    if (!signal.aborted) onProgress(afterFailure(error, test))
    return undefined
  }

  async function testFirst(config: Record<string, string>): Promise<Test | undefined> {
    const save = { state: "waiting" } as const
    try {
      onProgress({ test: untested, save })
      const report = await client.testUnsaved({ providerId: provider.id, config }, { signal })
      const { connected, steps, warnings } = report
      const test = { ...untested, state: connected ? "ok" : "failed", steps, warnings } satisfies Test
      onProgress({ test, save })
      return test
    } catch (error) {
      if (!signal.aborted) onProgress({ test: { ...untested, state: "failed", error }, save })
      return undefined
    }
  }
}

const untested: Test = { state: "busy", withStored: false, steps: [], warnings: [] }

/** Which step it was that failed: where saving tests as well, its error says so. */
function afterFailure(error: unknown, test: Test | undefined): Progress {
  const failed: Progress["save"] = { state: "failed", error }
  if (!test?.withStored) return { ...(test && { test }), save: failed }
  if (!(error instanceof LatchkeyProblem) || error.code !== "SECRET_MANAGER_CONNECTION_FAILED")
    return { save: failed }
  return { test: { ...test, state: "failed", steps: stepsOf(error.problem) }, save: { state: "waiting" } }
}

/** The steps of a test of which only the failure is told, as far as that says what came before. */
function stepsOf(problem: Problem): TestReport["steps"] {
  const { reason, upstream } = problem
  const reached = { name: "reach", ok: true }
  const failed = (name: string) => ({ name, ok: false, error: problem })
  if (reason === "UNREACHABLE" || reason === "BLOCKED_ADDRESS") return [failed("reach")]
  if (reason === "TLS") return [reached, failed("TLS")]
  const answered = upstream?.status !== undefined || reason === "BAD_CREDENTIALS"
  return [...(answered ? [reached] : []), failed(upstream?.operation ?? (answered ? "authenticate" : "test"))]
}

/** What is wrong with which field, by the form's names; a place that is none of them counts for the whole form. */
export function fieldProblems(error: unknown): Record<string, string> {
  if (!(error instanceof LatchkeyProblem)) return {}
  const issues = error.problem.issues ?? []
  return Object.fromEntries(issues.map(({ pointer, message }) => [nameOf(pointer), sentence(message)]))
}

/** `/config/url` is `config.url`, and `/projectIds/3` is `projectIds`. */
function nameOf(pointer: string): string {
  const [first = "", second] = pointer.slice(1).split("/")
  return (first === "config" || first === "settings") && second ? `${first}.${second}` : first
}

function sentence(message: string): string {
  const begun = message.slice(0, 1).toUpperCase() + message.slice(1)
  return /[.!?]$/.test(begun) ? begun : `${begun}.`
}
