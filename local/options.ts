import { resolve } from "node:path"
import { parseArgs } from "node:util"
import type { External } from "./environment.ts"
import { SandboxError } from "./sandbox-error.ts"

export interface StartOptions {
  /** The API's. */
  port: number
  dataDir: string
  demo: boolean
  external: External
}

type Variables = Readonly<Record<string, string | undefined>>

const usage = "Usage: npm start -- [--port N] [--data-dir DIR] [--no-demo] [--help]"

/** What `--help` prints. */
export const help = `Runs Latchkey on this machine alone, until Ctrl-C.

  npm start -- [options]

  --port N        the API's; 0 for any that is free (default: LATCHKEY_PORT, else 4000)
  --data-dir DIR  where the sandbox keeps its data (default: LATCHKEY_DATA_DIR, else .latchkey)
  --no-demo       begin without the demo's connections and secrets (or LATCHKEY_NO_DEMO=1)
  -h, --help      this text

Real servers take the place of the embedded ones where these variables are set:

  AWS_ENDPOINT_URL_DYNAMODB                         DynamoDB
  AWS_ENDPOINT_URL_KMS, KMS_KEY_ID                  KMS, and a key of it
  UPSTASH_REDIS_REST_URL, UPSTASH_REDIS_REST_TOKEN  Upstash Redis
  REDIS_URL                                         any other Redis
  LATCHKEY_ISSUERS                                  who else's tokens are taken, as JSON

\`npm run --silent token -- --help\` tells how to make tokens for it.
`
const defaultPort = "4000"

/**
 * `--port`, `--data-dir` and `--no-demo`, else `LATCHKEY_PORT`, `LATCHKEY_DATA_DIR` and `LATCHKEY_NO_DEMO`; and the
 * variables that put a real server in the place of an embedded one.
 * @throws SandboxError
 */
export function startOptions(args: readonly string[], variables: Variables): StartOptions {
  const given = parsed(args)
  return {
    port: portOf(given.port ?? variables.LATCHKEY_PORT ?? defaultPort),
    dataDir: dataFolderOf(given["data-dir"], variables),
    demo: !(given["no-demo"] || isOn(variables.LATCHKEY_NO_DEMO)),
    external: externalOf(variables),
  }
}

/** Whether only `help` is asked for. @throws SandboxError */
export const asksForHelp = (args: readonly string[]): boolean => parsed(args).help === true

/** Absolute. */
export function dataFolderOf(given: string | undefined, variables: Variables): string {
  return resolve(given || variables.LATCHKEY_DATA_DIR || ".latchkey")
}

/** Runs a command's work; what its user can mend becomes one line on stderr, and exit code 1. */
export async function failing(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    console.error(error instanceof SandboxError ? `latchkey: ${error.message}` : error)
    process.exitCode = 1
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: "string" },
        "data-dir": { type: "string" },
        "no-demo": { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values
  } catch (error) {
    throw new SandboxError(`${(error as Error).message.split("\n", 1)[0]?.replace(/\.?$/, ".")} ${usage}`)
  }
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port <= 65_535) return port
  throw new SandboxError(
    `--port must be a number from 1 to 65535, or 0 for any free port, not ${JSON.stringify(text)}.`,
  )
}

const isOn = (value: string | undefined) => value !== undefined && !["", "0", "false"].includes(value)

function externalOf(variables: Variables): External {
  const {
    AWS_ENDPOINT_URL_DYNAMODB: dynamodbUrl,
    AWS_ENDPOINT_URL_KMS: kmsUrl,
    KMS_KEY_ID: kmsKeyId,
    UPSTASH_REDIS_REST_URL: upstashUrl,
    UPSTASH_REDIS_REST_TOKEN: upstashToken,
    REDIS_URL: redisUrl,
    LATCHKEY_ISSUERS: issuers,
    AWS_REGION: region,
  } = variables
  if (kmsUrl && !kmsKeyId)
    throw new SandboxError("AWS_ENDPOINT_URL_KMS is set; name a key of that KMS in KMS_KEY_ID.")
  if (upstashUrl && !upstashToken)
    throw new SandboxError("UPSTASH_REDIS_REST_URL is set; set UPSTASH_REDIS_REST_TOKEN as well.")
  for (const [name, url] of Object.entries({
    AWS_ENDPOINT_URL_DYNAMODB: dynamodbUrl,
    AWS_ENDPOINT_URL_KMS: kmsUrl,
  }))
    if (url && !URL.canParse(url)) throw new SandboxError(`${name} must be a URL; mend it or unset it.`)
  return {
    region: region || "us-east-1",
    ...(dynamodbUrl && { dynamodb: { url: dynamodbUrl } }),
    ...(kmsUrl && kmsKeyId && { kms: { url: kmsUrl, keyId: kmsKeyId } }),
    ...(upstashUrl && upstashToken && { redis: { url: upstashUrl, token: upstashToken } }),
    ...(redisUrl && { redisUrl }),
    ...(issuers && { issuers: issuerList(issuers) }),
  }
}

function issuerList(text: string): unknown[] {
  try {
    const list: unknown = JSON.parse(text)
    if (Array.isArray(list)) return list
  } catch {
    // said below
  }
  throw new SandboxError(
    "LATCHKEY_ISSUERS must be a JSON list of issuers; mend it or unset it to use the sandbox's own alone.",
  )
}
