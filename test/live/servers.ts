/**
 * The real servers of the live tests: each on a free port of 127.0.0.1, empty, and gone with its test run. Who starts
 * one stops it:
 *
 *     const vault = await startOpenBao()
 *     afterAll(() => vault.stop())
 */
import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { connect } from "node:net"
import { join } from "node:path"
import { freePort, startProcess } from "./process.ts"
import { tool } from "./tools.ts"

interface Server {
  url: string
  /** Once this has answered, connections are refused. */
  stop(): Promise<void>
}

interface OpenBao extends Server {
  rootToken: string
  /** The one key that unseals it after `PUT /v1/sys/seal`. */
  unsealKey: string
}

interface Redis extends Server {
  /** From here on it accepts connections and answers nothing, until `resume()`. */
  pause(): void
  resume(): void
  /** Starts it again, empty, on the same port, whether or not it was stopped. */
  restart(): Promise<void>
}

/** OpenBao in development mode: in memory, unsealed, with KV version 2 at `secret/`. */
export async function startOpenBao(): Promise<OpenBao> {
  const address = `127.0.0.1:${await freePort()}`
  const url = `http://${address}`
  const rootToken = randomUUID()
  const { output, stop } = await startProcess({
    name: "OpenBao",
    command: tool("LATCHKEY_LIVE_BAO"),
    args: [
      "server",
      "-dev",
      `-dev-listen-address=${address}`,
      `-dev-root-token-id=${rootToken}`,
      "-dev-no-store-token",
    ],
    isReady: async (output, signal) => UNSEAL_KEY.test(output) && answers(`${url}/v1/sys/health`, signal),
  })
  return { url, rootToken, unsealKey: UNSEAL_KEY.exec(output)?.[1] ?? "", stop }
}

const UNSEAL_KEY = /^Unseal Key: (\S+)$/m

export async function startRedis(): Promise<Redis> {
  const port = await freePort()
  const start = () =>
    startProcess({
      name: "Redis",
      command: tool("LATCHKEY_LIVE_REDIS"),
      args: ["--bind", "127.0.0.1", "--port", `${port}`, "--save", "", "--appendonly", "no"],
      isReady: (_, signal) => answersPing(port, signal),
    })
  let redis = await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    pause: () => redis.pause(),
    resume: () => redis.resume(),
    stop: () => redis.stop(),
    async restart() {
      await redis.stop()
      redis = await start()
    },
  }
}

async function answersPing(port: number, signal: AbortSignal): Promise<boolean> {
  const socket = connect({ port, host: "127.0.0.1", signal }).end("PING\r\n")
  const [answer] = await once(socket, "data", { signal })
  return `${answer}` === "+PONG\r\n"
}

/**
 * DynamoDB Local, in memory: any credentials, and the same tables in every region. It cannot be told an address and
 * listens on all of them.
 */
export async function startDynamoDbLocal(): Promise<Server> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const jars = tool("LATCHKEY_LIVE_DYNAMODB_DIR")
  const { stop } = await startProcess({
    name: "DynamoDB Local",
    command: tool("LATCHKEY_LIVE_JAVA"),
    args: [
      ...["-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"],
      `-Djava.library.path=${jars}`,
      ...["-cp", join(jars, "*"), "com.amazonaws.services.dynamodbv2.local.main.ServerRunner"],
      ...["-inMemory", "-sharedDb", "-disableTelemetry", "-port", `${port}`],
    ],
    isReady: (_, signal) => answers(url, signal),
  })
  return { url, stop }
}

/** Moto, which stands in for AWS's KMS, STS and Secrets Manager at one URL. It does not check credentials. */
export async function startMoto(): Promise<Server> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const { stop } = await startProcess({
    name: "Moto",
    command: tool("LATCHKEY_LIVE_PYTHON"),
    args: ["-m", "moto.server", "-H", "127.0.0.1", "-p", `${port}`],
    isReady: (_, signal) => answers(`${url}/moto-api/`, signal),
  })
  return { url, stop }
}

/** Any answer will do: only a server that is up gives one. */
async function answers(url: string, signal: AbortSignal): Promise<boolean> {
  const answer = await fetch(url, { signal })
  await answer.body?.cancel()
  return true
}
