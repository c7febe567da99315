import type { Json } from "../../../core/json.ts"

/** `{ status, message }` of the specification, thrown from wherever a request turns out to fail. */
export class ConnectError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = "ConnectError"
    this.status = status
  }
}

export interface Answer {
  status: number
  /** JSON, or bytes of a file, or absent. */
  body?: object | Buffer
  headers?: Record<string, string>
}

export const ok = (body: object): Answer => ({ status: 200, body })

export type JsonObject = { [key: string]: Json }
