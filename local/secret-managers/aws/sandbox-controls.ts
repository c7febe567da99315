import { isObject, type Json } from "../../../core/json.ts"
import type { Requests } from "../recorder.ts"
import type { AwsAdmin } from "./admin.ts"
import type { Faults } from "./faults.ts"
import { type Answer, AwsError } from "./protocol.ts"

interface Parts {
  admin: AwsAdmin
  faults: Faults
  requests: Requests
}

/**
 * `/sandbox/...`: the switches that a person or a test turns, outside AWS's own paths. No credentials are needed and none
 * are shown; the host guard keeps web pages out.
 *
 *     GET | POST | DELETE /sandbox/faults     the switches; POST replaces them all
 *     POST                /sandbox/rotate     {name?, value?}: new values
 *     POST                /sandbox/end-sessions
 *     GET | DELETE        /sandbox/requests   counts by operation, and the latest requests
 */
export function sandboxControls({ admin, faults, requests }: Parts) {
  return async (method: string, url: string, text: string): Promise<Answer> => {
    try {
      return ok(act(`${method} ${url.replace(/\?.*$/, "")}`, text))
    } catch (error) {
      if (!(error instanceof AwsError || error instanceof TypeError)) throw error
      const status = error instanceof AwsError ? error.status : 400
      return { status, contentType: "application/json", body: JSON.stringify({ message: error.message }) }
    }
  }

  function act(line: string, text: string): object {
    switch (line) {
      case "GET /sandbox/faults":
        return faults.current
      case "POST /sandbox/faults":
        faults.set(parse(text))
        return faults.current
      case "DELETE /sandbox/faults":
        faults.clear()
        return faults.current
      case "POST /sandbox/rotate": {
        const { name, value } = parse(text)
        if (name !== undefined && typeof name !== "string") throw new TypeError("name is a string")
        if (value !== undefined && typeof value !== "string") throw new TypeError("value is a string")
        return { rotated: admin.rotate(name, value) }
      }
      case "POST /sandbox/end-sessions":
        admin.endSessions()
        return { ended: true }
      case "GET /sandbox/requests":
        return { counts: requests.counts, list: requests.list }
      case "DELETE /sandbox/requests":
        requests.reset()
        return { counts: requests.counts }
      default:
        throw new AwsError("NotFound", "no such switch; see local/secret-managers/aws/README.md", 404)
    }
  }
}

const ok = (body: object): Answer => ({
  status: 200,
  contentType: "application/json",
  body: JSON.stringify(body),
})

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
