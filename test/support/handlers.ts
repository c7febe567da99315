import { once } from "node:events"
import { Worker } from "node:worker_threads"
import type { APIGatewayProxyResult } from "aws-lambda"

/** Functions with a memory of their own, as one environment of Lambda has it. */
export interface Handlers {
  /** Invokes one by the name of its file. */
  invoke(file: string, event: object): Promise<APIGatewayProxyResult>
  /** Once all that is under way has been answered. */
  stop(): Promise<void>
}

export interface HandlersData {
  files: readonly string[]
  /** By how many milliseconds the functions' clock is ahead; shared, so that it can be moved. */
  ahead: Float64Array<SharedArrayBuffer>
}

export interface Call {
  number: number
  file: string
  event: object
}

export async function startHandlers(
  data: HandlersData,
  environment: Record<string, string>,
): Promise<Handlers> {
  const thread = new Worker(new URL("handlers-thread.ts", import.meta.url), {
    workerData: data,
    env: { ...process.env, ...environment },
    execArgv: [],
  })
  await once(thread, "message")
  const underWay = new Map<number, PromiseWithResolvers<APIGatewayProxyResult>>()
  let calls = 0
  thread.on("message", ({ number, result }: { number: number; result: APIGatewayProxyResult }) => {
    underWay.get(number)?.resolve(result)
    underWay.delete(number)
  })
  thread.on("error", (error) => {
    for (const { reject } of underWay.values()) reject(error)
  })
  return {
    invoke(file, event) {
      const call: Call = { number: calls++, file, event }
      const answer = Promise.withResolvers<APIGatewayProxyResult>()
      underWay.set(call.number, answer)
      thread.postMessage(call)
      return answer.promise
    },
    async stop() {
      await Promise.allSettled([...underWay.values()].map(({ promise }) => promise))
      await thread.terminate()
    },
  }
}
