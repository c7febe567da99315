import { join } from "node:path"
import * as z from "zod"
import { readIfThere, replaceFile } from "./data-folder.ts"
import { SandboxError, systemCode } from "./sandbox-error.ts"

const schema = z.strictObject({
  /** The port that each part had last, by the part's name. */
  ports: z.record(z.string(), z.int()).default({}),
  /** The configuration that each demo connection was given last, by provider, as a digest. */
  demo: z.record(z.string(), z.string()).default({}),
})

/** What the sandbox remembers from start to start besides its data. */
export interface SandboxState extends z.infer<typeof schema> {
  save(): Promise<void>
}

/** @throws SandboxError when the file is not ours */
export async function openState(folder: string): Promise<SandboxState> {
  const path = join(folder, "state.json")
  const state = parse((await readIfThere(path)) ?? "{}")
  if (state === undefined)
    throw new SandboxError(`${path} is damaged; delete it; connections and keys are elsewhere.`)
  return {
    ...state,
    save: () => replaceFile(path, `${JSON.stringify({ ports: state.ports, demo: state.demo })}\n`),
  }
}

function parse(text: string) {
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Starts a part where it was the last time, or on any free port if that one is taken now. */
export async function startAtLastPort<Part extends { port: number }>(
  state: SandboxState,
  name: string,
  start: (port: number) => Promise<Part>,
): Promise<Part> {
  const part = await start(state.ports[name] ?? 0).catch((error: unknown) => {
    if (!isPortTaken(error)) throw error
    return start(0)
  })
  state.ports[name] = part.port
  return part
}

const isPortTaken = (error: unknown) =>
  [error, error instanceof Error ? error.cause : undefined].some((one) => systemCode(one) === "EADDRINUSE")
