/**
 * Lambda's runtime, for one function in a process of its own: loads the bundle, then answers the invocations that its
 * parent sends, one at a time. Arguments: the bundle's file, its export, and the internet around it, as JSON.
 */
import { createRequire } from "node:module"
import { type Internet, surroundBy } from "./internet.ts"

export interface Invocation {
  event: unknown
  context: Record<string, unknown>
  timeoutMs: number
}

export type Outcome =
  | { ready: true }
  | { result: unknown; ms: number }
  | { error: { name: string; message: string }; ms: number }

const [, , file = "", name = "", internet = ""] = process.argv
surroundBy(JSON.parse(internet) as Internet)
const loaded = createRequire(file)(file)

process.on("message", async ({ event, context, timeoutMs }: Invocation) => {
  const from = performance.now()
  const end = Date.now() + timeoutMs
  const answer = (outcome: Outcome) => process.send?.(outcome)
  try {
    const result: unknown = await loaded[name](event, {
      ...context,
      getRemainingTimeInMillis: () => Math.max(0, end - Date.now()),
    })
    // As Lambda does: what cannot be JSON is not an answer.
    answer({ result: JSON.parse(JSON.stringify(result ?? null)), ms: performance.now() - from })
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown))
    answer({ error: { name: error.name, message: error.message }, ms: performance.now() - from })
  }
})
process.send?.({ ready: true } satisfies Outcome)
