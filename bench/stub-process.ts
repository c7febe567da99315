import { fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"

/** Requests since they were last asked for. A batch read is one read; `provider` counts requests to the secret manager. */
export interface Counts {
  dynamoReads: number
  dynamoWrites: number
  redisRequests: number
  redisCommands: number
  kms: number
  provider: number
}

export type Order =
  | { kind: "delay"; ms: number }
  | { kind: "redis"; gone: boolean }
  | { kind: "entries"; entries: [name: string, sealed: string][] }
  | { kind: "secrets"; first: number; count: number }
  | { kind: "counts" }

export interface Ready {
  /** Of DynamoDB, KMS and Redis alike. */
  url: string
  vault: { url: string; roleId: string; secretId: string }
}

export interface Report {
  counts?: Counts
}

export interface Stubs extends Ready {
  /** How long each answer of DynamoDB, KMS and Redis takes, in milliseconds. */
  delay(ms: number): Promise<void>
  /** From here on Redis accepts requests and never answers; or answers again. */
  loseRedis(gone: boolean): Promise<void>
  putEntries(entries: [name: string, sealed: string][]): Promise<void>
  /** Puts secrets of 200 bytes into Vault, by number. */
  putSecrets(first: number, count: number): Promise<void>
  /** What was asked since the last time. */
  takeCounts(): Promise<Counts>
  stop(): void
}

export async function startStubs(): Promise<Stubs> {
  const child = fork(fileURLToPath(new URL("stubs.ts", import.meta.url)))
  const [ready] = (await once(child, "message")) as [Ready]

  async function send(order: Order): Promise<Report> {
    child.send(order)
    const [report] = (await once(child, "message")) as [Report]
    return report
  }

  return {
    ...ready,
    delay: async (ms) => void (await send({ kind: "delay", ms })),
    loseRedis: async (gone) => void (await send({ kind: "redis", gone })),
    putEntries: async (entries) => void (await send({ kind: "entries", entries })),
    putSecrets: async (first, count) => void (await send({ kind: "secrets", first, count })),
    async takeCounts() {
      const { counts } = await send({ kind: "counts" })
      if (counts === undefined) throw new Error("The stubs did not report their counts.")
      return counts
    },
    stop: () => child.disconnect(),
  }
}
