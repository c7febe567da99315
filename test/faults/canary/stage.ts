import { createSocket } from "node:dgram"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inspect } from "node:util"
import { vi } from "vitest"
import { startDynamoDb } from "../../../local/dynamodb.ts"
import { startKms } from "../../../local/kms.ts"
import { startRedis } from "../../../local/redis.ts"
import { startFaultProxy } from "../../support/fault-proxy.ts"
import { startSandboxApi } from "../../support/sandbox-api.ts"
import { canary } from "./search.ts"

/** Latchkey's own credentials. */
export const own = {
  "AWS secret access key of its own": canary("own-secret-access-key"),
  "Redis token": canary("redis-token"),
}
export const ownKey = {
  accessKeyId: "AKIAOWNCANARY0000000",
  secretAccessKey: own["AWS secret access key of its own"],
}

export type Stage = Awaited<ReturnType<typeof startStage>>

/** The whole of Latchkey, with everything that leaves it kept: what it prints, throws, traces, and tells those behind it. */
export async function startStage(environment: Record<string, string> = {}) {
  const printed = capturePrinted()
  vi.stubEnv("POWERTOOLS_LOG_LEVEL", "DEBUG")
  vi.stubEnv("POWERTOOLS_METRICS_DISABLED", "false")
  const xray = await listenAsXray()
  const folder = mkdtempSync(join(tmpdir(), "latchkey-canary-"))
  const redis = await startRedis({ token: own["Redis token"] })
  const dynamodb = await startDynamoDb()
  const kms = await startKms({ folder })
  const wires = {
    redis: await startFaultProxy(redis.url),
    dynamodb: await startFaultProxy(dynamodb.url),
    kms: await startFaultProxy(kms.url),
  }
  const keys = collectKeys(wires.kms)
  /** What functions have thrown, as Lambda prints it and writes it into its own segment of a trace. */
  const thrown: string[] = []
  const keepThrown = (where: string, error: unknown) =>
    void thrown.push(where, inspect(error, { depth: null, showHidden: true }))
  const api = await startSandboxApi({
    external: {
      region: "us-east-1",
      redis: { url: wires.redis.url, token: redis.token },
      dynamodb: { url: wires.dynamodb.url },
      kms: { url: wires.kms.url, keyId: kms.keyId },
    },
    environment: {
      LATCHKEY_REQUEST_MS: "1000",
      LATCHKEY_RESOLVE_MS: "8000",
      AWS_ACCESS_KEY_ID: ownKey.accessKeyId,
      AWS_SECRET_ACCESS_KEY: ownKey.secretAccessKey,
      // As Lambda has it where a stage's `tracing` is on.
      _X_AMZN_TRACE_ID: "Root=1-5e1b4151-5ac6c58f5f9c3f0f0a0b0c0d;Parent=4c721bf33e3caf8f;Sampled=1",
      AWS_XRAY_DAEMON_ADDRESS: xray.address,
      ...environment,
    },
    onError: keepThrown,
  })
  await bePatientWithRedis()
  return {
    api,
    wires,
    parts: { redis, dynamodb, kms },
    printed,
    thrown,
    keepThrown,
    xray,
    /** The plain keys that KMS has given, of platforms and of configurations. */
    keys,
    async close() {
      vi.restoreAllMocks()
      await api.close()
      for (const part of [...Object.values(wires), redis, dynamodb, kms, xray]) await part.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** So that Redis is told all there is to tell, on a busy machine too: its time-out is by far the shortest. */
async function bePatientWithRedis(): Promise<void> {
  // That which the functions have loaded.
  const { systemClock } = await import("../../../core/clock.ts")
  const { timeout } = systemClock
  vi.spyOn(systemClock, "timeout").mockImplementation((ms) => timeout(ms < 500 ? 20 * ms : ms))
}

/** Everything that this process prints, its warnings too. */
function capturePrinted(): string[] {
  const printed: string[] = []
  const keep = (chunk: unknown) => {
    printed.push(String(chunk))
    return true
  }
  for (const stream of [process.stdout, process.stderr]) vi.spyOn(stream, "write").mockImplementation(keep)
  for (const method of ["log", "info", "warn", "error", "debug", "trace"] as const)
    vi.spyOn(console, method).mockImplementation((...parts) => void printed.push(parts.map(String).join(" ")))
  process.on("warning", (warning) => void printed.push(inspect(warning, { depth: null, showHidden: true })))
  return printed
}

/** X-Ray's daemon, which takes segments by UDP. */
async function listenAsXray() {
  const socket = createSocket("udp4").bind(0, "127.0.0.1")
  await once(socket, "listening")
  const segments: string[] = []
  socket.on("message", (segment) => segments.push(segment.toString()))
  const { port } = socket.address()
  return {
    address: `127.0.0.1:${port}`,
    segments,
    /** Sends one itself: whoever comes after what came before has come. */
    async send(segment: string): Promise<void> {
      const sender = createSocket("udp4")
      const arrived = once(socket, "message")
      sender.send(segment, port, "127.0.0.1")
      await arrived
      sender.close()
    },
    close: async () => void socket.close(),
  }
}

function collectKeys(kms: Awaited<ReturnType<typeof startFaultProxy>>): Set<string> {
  const keys = new Set<string>()
  kms.onAnswer = (answer) => {
    const { Plaintext } = JSON.parse(answer.toString())
    if (Plaintext !== undefined) keys.add(Plaintext)
  }
  return keys
}
