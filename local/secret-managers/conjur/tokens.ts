import { createHmac, timingSafeEqual } from "node:crypto"
import { isObject, type Json } from "../../../core/json.ts"
import { type Answer, type Call, ConjurError, json, plain, type World } from "./protocol.ts"

/** A token for a login, in the three parts that Conjur's have. Signed here with one key for all nodes. */
function issue(world: World, login: string) {
  const issued = Math.floor(world.clock.now() / 1000)
  const ttl = world.faults.current.tokenTtl ?? world.tokenTtl
  const header = encode({ alg: "conjur.org/slosilo/v2", kid: keyId(world) })
  const payload = encode({ sub: login, exp: issued + ttl, iat: issued })
  return { protected: header, payload, signature: sign(world, header, payload) }
}

/** The answer to a login that succeeded: JSON, or base64 of it where `Accept-Encoding` has that among others. */
export function tokenAnswer(call: Call, login: string): Answer {
  const token = issue(call, login)
  const encodings = String(call.headers["accept-encoding"] ?? "").split(",")
  if (!encodings.some((encoding) => encoding.trim().toLowerCase() === "base64")) return json(token)
  const encoded = Buffer.from(JSON.stringify(token)).toString("base64")
  return plain(encoded, 200, { "content-encoding": "base64" })
}

/** Whose token a request carries, and when it was issued. @throws ConjurError 401 with the words that Conjur has */
export function loginOfToken(call: Call): { login: string; issuedAt: number } {
  const [, given] = /^Token token="(.*)"/s.exec(call.headers.authorization ?? "") ?? []
  if (given === undefined) throw refused("Authorization missing")
  const token = parse(Buffer.from(given.trim(), "base64").toString())
  if (token === undefined) throw refused("Malformed authorization token")
  const { protected: header, payload, signature } = isObject(token) ? token : {}
  if (typeof header !== "string" || typeof payload !== "string" || typeof signature !== "string") {
    throw refused("Unauthorized: Invalid token")
  }
  const claims = parse(Buffer.from(payload, "base64url").toString())
  const valid =
    same(signature, sign(call, header, payload)) &&
    isObject(claims) &&
    Number(claims.exp) * 1000 > call.clock.now()
  if (!valid) throw refused("Unauthorized: Invalid token")
  return { login: String(claims.sub), issuedAt: Number(claims.iat) * 1000 }
}

const refused = (message: string) => new ConjurError(plain(message, 401, { "content-type": "text/plain" }))

const keyId = ({ state }: World) =>
  createHmac("sha256", state.signingKey).update("key id").digest("hex").slice(0, 32)

const sign = ({ state }: World, header: string, payload: string) =>
  pad(createHmac("sha256", state.signingKey).update(`${header}.${payload}`).digest("base64url"))

const encode = (part: object) => pad(Buffer.from(JSON.stringify(part)).toString("base64url"))

/** Base64 for URLs, with its padding: as Ruby writes it. */
const pad = (text: string) => text.padEnd(Math.ceil(text.length / 4) * 4, "=")

function same(left: string, right: string): boolean {
  const [one, two] = [Buffer.from(left), Buffer.from(right)]
  return one.length === two.length && timingSafeEqual(one, two)
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
