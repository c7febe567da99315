import { randomUUID } from "node:crypto"
import { join } from "node:path"
import { DynamoDBClient } from "@aws-sdk/client-dynamodb"
import { openDataFolder, readIfThere, replaceFile } from "./data-folder.ts"
import { connectDemo, type DemoEntry } from "./demo.ts"
import { type DynamoDbServer, startDynamoDb } from "./dynamodb.ts"
import { applyEnvironment, directAlias, type External, functionEnvironment } from "./environment.ts"
import { type Gateway, type GatewayOptions, startGateway } from "./gateway.ts"
import type { LocalServer } from "./http-server.ts"
import { type Identity, openIdentity } from "./identity.ts"
import { type KmsServer, startKms } from "./kms.ts"
import { type LambdaOptions, type LambdaServer, startLambda } from "./lambda.ts"
import { type RedisServer, startRedis } from "./redis.ts"
import type { RunningSecretManager, SecretManagerModule } from "./secret-manager.ts"
import { openState, type SandboxState, startAtLastPort } from "./state.ts"
import { createTables } from "./tables.ts"

/** What the gateway serves: the functions of this repository, or a test's toys. */
export type Service = Pick<GatewayOptions, "routes" | "handlers" | "authorizer" | "problem"> & {
  /** Where the API begins, such as `/api/v1/secret-managers`. */
  basePath: string
  /** What is invoked without API Gateway, by the functions' names. */
  direct?: LambdaOptions["functions"]
}

export interface SandboxOptions {
  /** The API's port; 0 is any free one. */
  port: number
  dataDir: string
  /** Default true. */
  demo?: boolean
  external?: External
  /** Called once the environment is set, since functions read it when they are loaded. */
  loadService: () => Promise<Service>
  /** Default none. */
  secretManagers?: readonly SecretManagerModule[]
  /** Serves the console's pages; without it there is no console. */
  startConsole?: (options: { port: number }) => Promise<ConsoleServer>
  onError?: GatewayOptions["onError"]
}

export interface ConsoleServer {
  url: string
  port: number
  /** Told where the API is, once that is known. */
  connect(options: { baseUrl: string }): void
  close(): Promise<void>
}

export interface Sandbox {
  /** The API's base URL, base path included. */
  api: string
  console?: string
  /** Where clients of AWS Lambda find the functions that are invoked directly, by the alias `sandbox`. */
  lambda: string
  /** For the demo's platform, `acme`. */
  tokens: { admin: string; service: string }
  demo: DemoEntry[]
  /** Counters and faults of what is embedded; a part that is external is missing. */
  parts: Parts
  /** Answers what is under way, stops everything and keeps what must be kept. */
  close(): Promise<void>
}

export interface Parts {
  gateway: Gateway
  lambda: LambdaServer
  identity: Identity
  dynamodb?: DynamoDbServer
  kms?: KmsServer
  redis?: RedisServer
  secretManagers: readonly RunningSecretManager[]
}

export const demoPlatform = "acme"
const tables = {
  connections: "latchkey-connections",
  audit: "latchkey-audit",
  usage: "latchkey-usage",
}

/**
 * Starts the whole of Latchkey on 127.0.0.1: the functions as they are deployed, in this process, over embedded servers
 * with their data in one folder. What was started is stopped again where anything fails.
 * @throws SandboxError for what a user can mend: a port in use, a folder that cannot be written or is in use
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const cleanup = createCleanup()
  try {
    return await startParts(options, cleanup)
  } catch (error) {
    await cleanup.run()
    throw error
  }
}

async function startParts(options: SandboxOptions, cleanup: Cleanup): Promise<Sandbox> {
  const { external = { region: "us-east-1" }, demo = true } = options
  const folder = cleanup.last(await openDataFolder(options.dataDir)).path
  const state = await openState(folder)

  const { region, redisUrl } = external
  const dynamodb = external.dynamodb ?? cleanup.add(await startDynamoDb({ folder: join(folder, "dynamodb") }))
  const kms = external.kms ?? cleanup.add(await startKms({ folder: join(folder, "kms"), region }))
  const redis =
    external.redis ??
    cleanup.add(await startRedis({ token: randomUUID(), ...(redisUrl !== undefined && { redisUrl }) }))
  const identity = await openIdentity(folder)
  const secretManagers = demo ? await startSecretManagers(options, folder, state, cleanup) : []
  const webConsole = await startConsole(options, state, cleanup)
  const consoleOrigin = webConsole && new URL(webConsole.url).origin

  const environment = functionEnvironment({
    region,
    tables,
    dynamodb,
    kms,
    redis,
    issuers: [identity.issuer, ...(external.issuers ?? [])],
    consoleOrigin,
    ...awsAmong(secretManagers),
  })
  applyEnvironment(environment)
  await makeTables()

  const { basePath, direct = {}, ...service } = await options.loadService()
  const { onError } = options
  const gateway = cleanup.add(
    await startGateway({
      ...service,
      port: options.port,
      region,
      ...(consoleOrigin !== undefined && { consoleOrigin }),
      ...(onError && { onError }),
    }),
  )
  const lambda = cleanup.add(
    await startAtLastPort(state, "lambda", (port) =>
      startLambda({ functions: direct, aliases: [directAlias], port, region, ...(onError && { onError }) }),
    ),
  )
  const api = gateway.url + basePath
  webConsole?.connect({ baseUrl: api })
  const tokens = await demoTokens(identity)
  const entries = await connectDemo({ baseUrl: api, adminToken: tokens.admin, secretManagers, state })
  return {
    api,
    ...(webConsole && { console: webConsole.url }),
    lambda: lambda.url,
    tokens,
    demo: entries,
    parts: {
      gateway,
      lambda,
      identity,
      secretManagers,
      ...(isEmbedded<DynamoDbServer>(dynamodb) && { dynamodb }),
      ...(isEmbedded<KmsServer>(kms) && { kms }),
      ...(isEmbedded<RedisServer>(redis) && { redis }),
    },
    close: cleanup.run,
  }
}

function awsAmong(secretManagers: readonly RunningSecretManager[]): { aws?: { url: string } } {
  const url = secretManagers.find(({ providerId }) => providerId === "aws")?.config.endpoint
  return typeof url === "string" ? { aws: { url } } : {}
}

const isEmbedded = <Part extends LocalServer>(part: Part | { url: string }): part is Part => "close" in part

async function startConsole(
  { startConsole }: SandboxOptions,
  state: SandboxState,
  cleanup: Cleanup,
): Promise<ConsoleServer | undefined> {
  return (
    startConsole && cleanup.add(await startAtLastPort(state, "console", (port) => startConsole({ port })))
  )
}

/** Asks where the functions will: the environment says where that is. */
async function makeTables(): Promise<void> {
  const client = new DynamoDBClient()
  try {
    await createTables(client, tables)
  } finally {
    client.destroy()
  }
}

async function demoTokens({ signToken }: Identity): Promise<Sandbox["tokens"]> {
  const [admin, service] = await Promise.all([
    signToken({ platformId: demoPlatform, role: "ADMIN", type: "USER" }),
    signToken({ platformId: demoPlatform, role: "MEMBER", type: "SERVICE" }),
  ])
  return { admin, service }
}

/** Each with what it knew the last time, and where it was if that port is free. */
async function startSecretManagers(
  { secretManagers = [] }: SandboxOptions,
  folder: string,
  state: SandboxState,
  cleanup: Cleanup,
): Promise<RunningSecretManager[]> {
  const all: RunningSecretManager[] = []
  for (const { providerId, start } of secretManagers) {
    const file = join(folder, `${providerId}.json`)
    const remembered = await readIfThere(file)
    const running = await startAtLastPort(state, providerId, (port) => start({ port, state: remembered }))
    const save = () => replaceFile(file, running.state())
    cleanup.add({ close: () => running.close().then(save) })
    await save()
    all.push(running)
  }
  return all
}

interface Cleanup {
  /** Remembers to close what was started. */
  add<Part extends { close(): Promise<void> }>(part: Part): Part
  /** The same, for what must outlast everything else. */
  last<Part extends { close(): Promise<void> }>(part: Part): Part
  /** Closes the latest first, each once; the first failure is thrown after all were tried. */
  run(): Promise<void>
}

function createCleanup(): Cleanup {
  const parts: { close(): Promise<void> }[] = []
  let done: Promise<void> | undefined

  async function closeAll(): Promise<void> {
    const failures: unknown[] = []
    for (const part of parts.toReversed()) await part.close().catch((error) => failures.push(error))
    if (failures.length > 0) throw failures[0]
  }

  return {
    add: (part) => {
      parts.push(part)
      return part
    },
    last: (part) => {
      parts.unshift(part)
      return part
    },
    run: () => {
      done ??= closeAll()
      return done
    },
  }
}
