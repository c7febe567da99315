import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { BuiltFunction } from "../../../stacks/build.ts"
import type { Internet } from "./internet.ts"
import type { Invocation, Outcome } from "./runtime.ts"

/** A function as it is deployed, in a process of its own. */
export interface DeployedFunction {
  /** @throws Error where the function did: an invocation error */
  invoke(event: unknown, options?: { qualifier?: string }): Promise<unknown>
  /** Every line that it has printed. */
  lines: readonly string[]
  /** Of its first invocation, in milliseconds. */
  firstMs(): number | undefined
  stop(): void
}

export interface FunctionOptions {
  name: string
  built: BuiltFunction
  /** What the deployment gives it, and nothing else of this process's. */
  environment: Readonly<Record<string, string>>
  credentials: { accessKeyId: string; secretAccessKey: string }
  internet: Internet
  timeoutMs: number
}

const runtime = fileURLToPath(new URL("runtime.ts", import.meta.url))

/** Loads the bundle in a fresh process of Node. @throws Error with what it printed, where it cannot be loaded */
export async function startFunction(options: FunctionOptions): Promise<DeployedFunction> {
  const { name, built, internet, timeoutMs } = options
  const [file = "", exported = ""] = built.handler.split(".")
  const path = join(built.path, `${file}.cjs`)
  const lines: string[] = []
  const child = fork(runtime, [path, exported, JSON.stringify(internet)], {
    env: environmentOf(options),
    execArgv: [],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  })
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => lines.push(...text.trimEnd().split("\n")))
  await answerOf(child, lines)
  let firstMs: number | undefined

  return {
    lines,
    firstMs: () => firstMs,
    async invoke(event, { qualifier } = {}) {
      const answer = answerOf(child, lines)
      child.send({ event, context: contextOf(name, qualifier), timeoutMs } satisfies Invocation)
      const outcome = await answer
      if ("ready" in outcome) throw new Error(`${name} was loaded twice.`)
      firstMs ??= outcome.ms
      if ("error" in outcome)
        throw Object.assign(new Error(outcome.error.message), { name: outcome.error.name })
      return outcome.result
    },
    stop: () => void child.kill("SIGKILL"),
  }
}

async function answerOf(child: ChildProcess, lines: readonly string[]): Promise<Outcome> {
  const ended = new AbortController()
  try {
    const [outcome] = await Promise.race([
      once(child, "message", { signal: ended.signal }),
      once(child, "exit", { signal: ended.signal }).then(([code]) => {
        throw new Error(`The process ended with ${code}.\n${lines.join("\n")}`)
      }),
    ])
    return outcome
  } finally {
    ended.abort()
  }
}

/**
 * The deployment's variables, and those of Lambda's runtime. The credentials are a user's: the sandbox's STS knows no
 * sessions but those that it has made.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
 */
export function environmentOf({ name, environment, credentials }: FunctionOptions): Record<string, string> {
  return {
    ...environment,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: "us-east-1",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: "1",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "512",
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
    AWS_XRAY_CONTEXT_MISSING: "LOG_ERROR",
    LANG: "en_US.UTF-8",
    LAMBDA_TASK_ROOT: "/var/task",
    LAMBDA_RUNTIME_DIR: "/var/runtime",
    TZ: ":UTC",
    _X_AMZN_TRACE_ID: "Root=1-5e1b4151-5ac6c58f5f9c3f0f0a0b0c0d;Parent=4c721bf33e3caf8f;Sampled=1",
  }
}

function contextOf(name: string, qualifier: string | undefined): Record<string, unknown> {
  const arn = `arn:aws:lambda:us-east-1:123456789012:function:${name}`
  return {
    awsRequestId: crypto.randomUUID(),
    callbackWaitsForEmptyEventLoop: true,
    functionName: name,
    functionVersion: "1",
    invokedFunctionArn: qualifier === undefined ? arn : `${arn}:${qualifier}`,
    memoryLimitInMB: "512",
    logGroupName: `/aws/lambda/${name}`,
    logStreamName: "2026/01/01/[1]0123456789abcdef0123456789abcdef",
  }
}
