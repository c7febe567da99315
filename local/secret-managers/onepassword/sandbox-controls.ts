import { isObject, type Json } from "../../../core/json.ts"
import type { Requests } from "../recorder.ts"
import type { OnePasswordAdmin } from "./admin.ts"
import type { FaultSwitches, Faults, OperationName } from "./faults.ts"
import { type Answer, ConnectError, type JsonObject, ok } from "./protocol.ts"

interface Parts {
  admin: OnePasswordAdmin
  faults: Faults
  requests: Requests<OperationName>
}

/**
 * `/sandbox/...`: the switches that a person or a test turns, outside Connect's own paths. No token is needed and none is
 * shown; the host guard keeps web pages out.
 *
 *     GET | POST | DELETE /sandbox/faults     the switches; POST replaces them all
 *     POST                /sandbox/rotate     {path?, value?}: new values
 *     GET | DELETE        /sandbox/requests   counts by kind, and the latest requests
 */
export function sandboxControls({ admin, faults, requests }: Parts) {
  return (method: string, url: string, text: string): Answer => {
    const body = parse(text)
    switch (`${method} ${url.replace(/\?.*$/, "")}`) {
      case "GET /sandbox/faults":
        return ok(faults.current)
      case "POST /sandbox/faults":
        return ok(setFaults(faults, body))
      case "DELETE /sandbox/faults":
        faults.clear()
        return ok(faults.current)
      case "POST /sandbox/rotate":
        return ok({ rotated: rotate(admin, body) })
      case "GET /sandbox/requests":
        return ok({ counts: requests.counts, list: requests.list })
      case "DELETE /sandbox/requests":
        requests.reset()
        return ok({ counts: requests.counts })
      default:
        throw new ConnectError(404, "no such switch; see local/secret-managers/onepassword/README.md")
    }
  }
}

function parse(text: string): JsonObject {
  if (text.trim() === "") return {}
  let body: Json = null
  try {
    body = JSON.parse(text)
  } catch {
    // Said below, without the text.
  }
  if (!isObject(body)) throw new ConnectError(400, "the body must be a JSON object")
  return body
}

function setFaults(faults: Faults, body: JsonObject): FaultSwitches {
  try {
    faults.set(body)
  } catch (error) {
    if (error instanceof TypeError) throw new ConnectError(400, error.message)
    throw error
  }
  return faults.current
}

function rotate(admin: OnePasswordAdmin, { path, value }: JsonObject): string[] {
  if (path !== undefined && typeof path !== "string") throw new ConnectError(400, "path is a string")
  if (value !== undefined && typeof value !== "string") throw new ConnectError(400, "value is a string")
  return admin.rotate(path, value)
}
