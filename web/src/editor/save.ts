import {
  type Client,
  type Connection,
  LatchkeyProblem,
  type ProviderInfo,
  type TestReport,
} from "../../../core/client/index.ts"
import { completeConfig, createRequest, updateRequest } from "./form.ts"
import type { Form } from "./provider-fields.ts"

/** How far saving has come: what was tested, and what came of it. */
export interface Progress {
  /** Absent where nothing is tested apart from saving. */
  test?: { report?: TestReport; failed?: boolean }
  /** `tests`: saving tests as well, since the form has not all that a test of its own needs. */
  save: { state: "waiting" | "busy" | "failed"; tests: boolean; error?: unknown }
}

interface SaveInput {
  client: Client
  form: Form
  provider: ProviderInfo
  /** The connection that is edited, as it was when editing began. */
  base: Connection | undefined
  signal: AbortSignal
  onProgress(progress: Progress): void
}

/** Tests, then saves. Undefined where it came to nothing, which the last progress explains; nothing is stored then. */
export async function save(input: SaveInput): Promise<Connection | undefined> {
  const { client, form, provider, base, signal, onProgress } = input
  const update = base && updateRequest(form, provider, base)
  if (base && update && Object.keys(update).length === 0) return base

  const complete = base
    ? update?.config && completeConfig(form, provider, base)
    : createRequest(form, provider).config
  const tests = complete === undefined && update?.config !== undefined
  const waiting: Progress = { save: { state: "waiting", tests }, ...(complete && { test: {} }) }
  let progress = waiting
  try {
    if (complete) {
      onProgress(waiting)
      const report = await client.testUnsaved({ providerId: provider.id, config: complete }, { signal })
      progress = { ...waiting, test: { report, failed: !report.connected } }
      if (!report.connected) {
        onProgress(progress)
        return undefined
      }
    }
    onProgress({ ...progress, save: { state: "busy", tests } })
    return base && update
      ? await client.updateConnection({ id: base.id, ...update }, { signal, ifMatch: base.version })
      : await client.createConnection(createRequest(form, provider), { signal })
  } catch (error) {
    if (signal.aborted) return undefined
    onProgress({ ...progress, save: { state: "failed", tests, error } })
    return undefined
  }
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
