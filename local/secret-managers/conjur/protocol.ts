import type { IncomingHttpHeaders } from "node:http"
import type { Clock } from "../../../core/clock.ts"
import type { Faults } from "./faults.ts"
import type { ConjurState } from "./state.ts"

/** The server as requests find it. */
export interface World {
  state: ConjurState
  clock: Clock
  faults: Faults
  /** How long tokens live, in seconds. */
  tokenTtl: number
}

/** One request, its path split and decoded. */
export interface Call extends World {
  method: string
  /** Below the base path, without empty segments. A decoded one may contain slashes. */
  segments: readonly string[]
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: Buffer
  remoteAddress: string
}

export interface Answer {
  status: number
  headers?: Readonly<Record<string, string>>
  body?: string | Buffer
}

/** What is thrown to be answered. */
export class ConjurError extends Error {
  readonly answer: Answer

  constructor(answer: Answer) {
    super(`status ${answer.status}`)
    this.answer = answer
  }
}

export const head = (status: number): Answer => ({ status })

export const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { "content-type": "application/json; charset=utf-8", ...headers },
  body: JSON.stringify(body),
})

export const plain = (body: string, status = 200, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { "content-type": "text/plain; charset=utf-8", ...headers },
  body,
})

/** The body that refusals with words have. */
export const refuse = (status: number, code: string, message: string, more: object = {}): ConjurError =>
  new ConjurError(json({ error: { code, message, ...more } }, status))

/** 401 and 403 have no words where a login or a privilege fails. */
export const unauthorized = (): ConjurError => new ConjurError(head(401))
export const forbidden = (): ConjurError => new ConjurError(head(403))
/** No route leads there. */
export const noRoute = (): ConjurError => new ConjurError(head(404))

/** A secret that is not there, has no value, or is not to be seen. */
export const missingValue = (id: string): ConjurError =>
  refuse(404, "not_found", `CONJ00076E Variable ${id} is empty or not found.`)

/** Anything else that is not there or not to be seen. */
export const missingRecord = (id: string): ConjurError => {
  const [, kind = ""] = id.split(":")
  const message = `${kind.charAt(0).toUpperCase()}${kind.slice(1)} '${id.split(":").slice(2).join(":")}' not found in account '${id.split(":")[0]}'`
  return refuse(404, "not_found", message, {
    target: kind,
    details: { code: "not_found", target: "id", message: id },
  })
}

export const badArgument = (message: string): ConjurError => refuse(422, "argument_error", message)
