import { fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import type { Fields } from "./model.ts"

/** The path of a secret's document, the same in every Vault. */
export const documentOf = (secret: number) => `secret/data/load/${secret}`

/** What the sandboxes need to be told. */
export interface Backing {
  /** By the names of the variables that `npm start` reads. */
  environment: Record<string, string>
  /** Configurations of connections, by platform. */
  vaults: Record<string, object>
}

export type Writing = { id: number; platformId: string; secret: number; fields: Fields }
export type Written = { id: number }

export interface BackingProcess extends Backing {
  /** Writes a secret into a platform's Vault; it is there when the promise resolves. */
  write(platformId: string, secret: number, fields: Fields): Promise<void>
  stop(): void
}

export async function startBacking(platformIds: readonly string[]): Promise<BackingProcess> {
  const child = fork(fileURLToPath(new URL("backing.ts", import.meta.url)), [...platformIds])
  const ended = once(child, "exit").then(() => Promise.reject(new Error("The servers did not start.")))
  const [ready] = (await Promise.race([once(child, "message"), ended])) as [Backing]
  ended.catch(() => {})
  const waiting = new Map<number, () => void>()
  let writings = 0
  child.on("message", ({ id }: Written) => {
    waiting.get(id)?.()
    waiting.delete(id)
  })
  return {
    ...ready,
    write(platformId, secret, fields) {
      const id = writings++
      const written = new Promise<void>((resolve) => waiting.set(id, resolve))
      child.send({ id, platformId, secret, fields } satisfies Writing)
      return written
    },
    stop: () => child.disconnect(),
  }
}
