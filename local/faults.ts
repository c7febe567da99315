import type { IncomingMessage, RequestListener } from "node:http"
import type { Counter } from "./counter.ts"

/** How an embedded server misbehaves: tests set these fields while it runs. */
export interface Faults {
  /** `answer` as usual, `hang` without ever answering, or `refuse` by cutting the connection. */
  mode: "answer" | "hang" | "refuse"
  /** What every answer waits for first, in milliseconds. */
  delayMs: number
}

export const noFaults = (): Faults => ({ mode: "answer", delayMs: 0 })

/** Puts a counter and switches for faults in front of a listener. Requests are counted as they arrive, answered or not. */
export function withFaults(
  listener: RequestListener,
  options: { faults: Faults; counter: Counter; nameOf: (request: IncomingMessage) => string },
): RequestListener {
  const { faults, counter, nameOf } = options
  return (request, response) => {
    counter.add(nameOf(request))
    if (faults.mode === "refuse") return void request.socket.destroy()
    if (faults.mode === "hang") return
    if (faults.delayMs === 0) return listener(request, response)
    setTimeout(() => listener(request, response), faults.delayMs)
  }
}

/** The operation in `X-Amz-Target` (`DynamoDB_20120810.GetItem` is `GetItem`), else the path without its query. */
export function awsOperation(request: IncomingMessage): string {
  const target = request.headers["x-amz-target"]
  if (typeof target === "string") return target.slice(target.indexOf(".") + 1)
  return (request.url ?? "/").split("?", 1)[0] ?? "/"
}
