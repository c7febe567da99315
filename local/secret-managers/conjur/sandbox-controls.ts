import { isObject, type Json } from "../../../core/json.ts"
import type { Requests } from "../recorder.ts"
import type { ConjurAdmin } from "./admin.ts"
import type { Faults, OperationName } from "./faults.ts"
import { type Answer, json } from "./protocol.ts"

interface Parts {
  admin: ConjurAdmin
  faults: Faults
  requests: Requests<OperationName>
}

/**
 * `/sandbox/...`: the switches that a person or a test turns, outside Conjur's own paths. No token is needed and none is
 * shown; the host guard keeps web pages out.
 *
 *     GET | POST | DELETE /sandbox/faults     the switches; POST replaces them all
 *     POST                /sandbox/rotate     {id?, value?}: new values
 *     POST                /sandbox/expire-tokens
 *     GET | DELETE        /sandbox/requests   counts by kind, and the latest requests
 */
export function sandboxControls({ admin, faults, requests }: Parts) {
  return (method: string, url: string, text: string): Answer => {
    try {
      const body = parse(text)
      switch (`${method} ${url.replace(/\?.*$/, "")}`) {
        case "GET /sandbox/faults":
          return json(faults.current)
        case "POST /sandbox/faults":
          faults.set(body)
          return json(faults.current)
        case "DELETE /sandbox/faults":
          faults.clear()
          return json(faults.current)
        case "POST /sandbox/rotate":
          return json({ rotated: rotate(admin, body) })
        case "POST /sandbox/expire-tokens":
          admin.expireTokens()
          return json({ expired: true })
        case "GET /sandbox/requests":
          return json({ counts: requests.counts, list: requests.list })
        case "DELETE /sandbox/requests":
          requests.reset()
          return json({ counts: requests.counts })
        default:
          return problem(404, "no such switch; see local/secret-managers/conjur/README.md")
      }
    } catch (error) {
      if (error instanceof RangeError) return problem(404, error.message)
      if (error instanceof TypeError) return problem(400, error.message)
      throw error
    }
  }
}

const problem = (status: number, error: string) => json({ error }, status)

/** @throws TypeError */
function parse(text: string): { [key: string]: Json } {
  if (text.trim() === "") return {}
  let body: Json = null
  try {
    body = JSON.parse(text)
  } catch {
    // Said below, without the text.
  }
  if (!isObject(body)) throw new TypeError("the body must be a JSON object")
  return body
}

/** @throws TypeError, RangeError */
function rotate(admin: ConjurAdmin, { id, value }: { [key: string]: Json }): string[] {
  if (id !== undefined && typeof id !== "string") throw new TypeError("id is a string")
  if (value !== undefined && typeof value !== "string") throw new TypeError("value is a string")
  return admin.rotate(id, value)
}
