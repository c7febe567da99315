import { isObject, type Json } from "../../../core/json.ts"
import type { Requests } from "../recorder.ts"
import type { VaultAdmin } from "./admin.ts"
import type { FaultSwitches, Faults, OperationName } from "./faults.ts"
import { type Answer, VaultError } from "./protocol.ts"

interface Parts {
  admin: VaultAdmin
  faults: Faults
  requests: Requests<OperationName>
}

/**
 * `/sandbox/...`: the switches that a person or a test turns, outside Vault's own paths. No token is needed and none is
 * shown; the host guard keeps web pages out.
 *
 *     GET | POST | DELETE /sandbox/faults     the switches; POST replaces them all
 *     POST                /sandbox/rotate     {path?, data?}: new values
 *     POST                /sandbox/seal | /sandbox/unseal | /sandbox/revoke-tokens
 *     GET | DELETE        /sandbox/requests   counts by kind, and the latest requests
 */
export function sandboxControls({ admin, faults, requests }: Parts) {
  return async (method: string, url: string, text: string): Promise<Answer> => {
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
        return ok({ rotated: await rotate(admin, body) })
      case "POST /sandbox/seal":
        admin.seal()
        return ok({ sealed: true })
      case "POST /sandbox/unseal":
        admin.unseal()
        return ok({ sealed: false })
      case "POST /sandbox/revoke-tokens":
        admin.revokeTokens()
        return ok({ revoked: true })
      case "GET /sandbox/requests":
        return ok({ counts: requests.counts, list: requests.list })
      case "DELETE /sandbox/requests":
        requests.reset()
        return ok({ counts: requests.counts })
      default:
        throw new VaultError(404, "no such switch; see local/secret-managers/vault/README.md")
    }
  }
}

const ok = (body: object): Answer => ({ status: 200, body })

function parse(text: string): { [key: string]: Json } {
  if (text.trim() === "") return {}
  let body: Json = null
  try {
    body = JSON.parse(text)
  } catch {
    // Said below, without the text.
  }
  if (!isObject(body)) throw new VaultError(400, "the body must be a JSON object")
  return body
}

function setFaults(faults: Faults, body: { [key: string]: Json }): FaultSwitches {
  try {
    faults.set(body)
  } catch (error) {
    if (error instanceof TypeError) throw new VaultError(400, error.message)
    throw error
  }
  return faults.current
}

function rotate(admin: VaultAdmin, { path, data }: { [key: string]: Json }): Promise<string[]> {
  if (path !== undefined && typeof path !== "string") throw new VaultError(400, "path is a string")
  if (data !== undefined && !isObject(data)) throw new VaultError(400, "data is an object")
  return admin.rotate(path, data)
}
