import { parseArgs } from "node:util"
import { LatchkeyError } from "../../core/errors.ts"
import type { WalkOptions } from "../../core/maintenance/walk.ts"
import { SandboxError } from "../sandbox-error.ts"

export interface CommandOptions {
  stage: string
  dryRun: boolean
  after?: string
  /** Of the command's own options. */
  values: Record<string, string | undefined>
}

/** Of an operator's command: `--stage`, `--dry-run`, `--after`, and its own. @throws SandboxError with its usage */
export function commandOptions(
  args: readonly string[],
  usage: string,
  own: readonly string[] = [],
): CommandOptions {
  try {
    const {
      stage,
      "dry-run": dryRun = false,
      after,
      ...values
    } = parseArgs({
      args: [...args],
      options: {
        stage: { type: "string" },
        "dry-run": { type: "boolean" },
        after: { type: "string" },
        ...Object.fromEntries(own.map((name) => [name, { type: "string" as const }])),
      },
    }).values as Record<string, string | undefined> & { "dry-run"?: boolean }
    if (stage === undefined) throw new Error("--stage is missing.")
    return { stage, dryRun, values, ...(after !== undefined && { after }) }
  } catch (error) {
    throw new SandboxError(`${(error as Error).message.split("\n", 1)[0]} ${usage}`)
  }
}

/**
 * Runs a walk with a line of progress after each page. Ctrl-C ends it after the page under way; what is left undone, then
 * or by a failure, is what `--after` of the printed cursor goes on with.
 * @returns whether all is done
 */
export async function walkTold(
  { after }: Pick<CommandOptions, "after">,
  work: (options: WalkOptions) => Promise<string | undefined>,
  progress: () => string,
): Promise<boolean> {
  const stop = new AbortController()
  const interrupted = () => stop.abort()
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted)
  let cursor = after
  try {
    cursor = await work({
      ...(after !== undefined && { after }),
      signal: stop.signal,
      onPage(next) {
        cursor = next
        console.error(`latchkey: ${progress()} ...`)
      },
    })
  } catch (error) {
    const why = error instanceof LatchkeyError ? error.message : nameOf(error)
    throw new SandboxError(`stopped. ${why} ${goOn(cursor)}`, { cause: error })
  } finally {
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted)
  }
  if (cursor !== undefined) console.error(`latchkey: interrupted. ${goOn(cursor)}`)
  return cursor === undefined
}

const goOn = (cursor: string | undefined) =>
  cursor === undefined ? "Run it again." : `Go on with \`--after ${cursor}\`.`

/** AWS's messages name resources and callers; its names say enough. */
const nameOf = (error: unknown) => `AWS answered ${error instanceof Error ? error.name : "an error"}.`
