/** Run by `handlers.ts` as a thread of its own: functions as Lambda loads them, over what the environment names. */
import { parentPort, workerData } from "node:worker_threads"
import type { Context } from "aws-lambda"
import type { Handler } from "../../functions/handler.ts"
import type { Call, HandlersData } from "./handlers.ts"

const { files, ahead } = workerData as HandlersData
const { now } = Date
Date.now = () => Math.floor(now() + (ahead[0] ?? 0))

const context = { awsRequestId: "aws-1", getRemainingTimeInMillis: () => 20_000 } as Context
const handlers = new Map<string, Handler>()
for (const file of files) {
  const module: { handler: Handler } = await import(`../../functions/${file}.ts`)
  handlers.set(file, module.handler)
}

parentPort?.on("message", async ({ number, file, event }: Call) => {
  parentPort?.postMessage({ number, result: await handlers.get(file)?.(event, context) })
})
parentPort?.postMessage("ready")
