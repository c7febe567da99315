import { basePath } from "../contract/operation.ts"
import { fillPath, matchRoute, type OperationId, parameterNames, served } from "../contract/routes.ts"
import type { Connection, MemberConnection } from "../contract/shapes/connection.ts"
import type { CallOptions, GuardedCallOptions, Methods, SignedCallOptions } from "./methods.ts"
import { isProblem, LatchkeyProblem, UnexpectedReply } from "./problem.ts"
import { signRotation } from "./sign-rotation.ts"

export type { Resolution } from "../contract/operations/resolve.ts"
export type { Validation } from "../contract/operations/validate.ts"
export type { Connection, MemberConnection } from "../contract/shapes/connection.ts"
export type { Problem } from "../contract/shapes/problem.ts"
export type { ProviderInfo } from "../contract/shapes/provider.ts"
export type { TestReport } from "../contract/shapes/test-report.ts"
export type { Code, Reason } from "../errors.ts"
export {
  escapeLiteral,
  parseTemplate,
  printReference,
  printTemplate,
  type Reference,
  type ReferenceTarget,
  type Template,
} from "../references/reference.ts"
export type { CallOptions, GuardedCallOptions, InputOf, ReplyOf, SignedCallOptions } from "./methods.ts"
export { LatchkeyProblem, UnexpectedReply } from "./problem.ts"
export { type RotationToSign, signRotation } from "./sign-rotation.ts"

export interface ClientOptions {
  /** Where the API is, with or without its base path: `https://secrets.example.com`. */
  baseUrl: string
  /** The JWT, or what gives a live one for each call. */
  token: string | (() => string | Promise<string>)
  fetch?: typeof fetch
}

export interface Client extends Methods {
  /** All connections that the caller sees, page by page. `pageSize` 1 to 100, default 100. */
  connections(
    query?: { projectId?: string; pageSize?: number },
    options?: CallOptions,
  ): AsyncGenerator<Connection | MemberConnection, void, undefined>
}

/**
 * A client of Latchkey's API: a method for each operation, which takes path parameters, query and body as one object.
 * Nothing is tried twice: a caller knows best which of its calls bear repetition.
 *
 *     const latchkey = createClient({ baseUrl, token: () => identity.token() })
 *     const { value } = await latchkey.resolve({ value: step.template, projectId })
 *
 * Methods throw `LatchkeyProblem` for what the API answers instead of a result, `UnexpectedReply` for an answer that is
 * not the API's, the signal's reason when aborted, and what `fetch` throws where there is no answer at all.
 */
export function createClient(options: ClientOptions): Client {
  const call = callerOf(options)
  const methods = Object.fromEntries(
    (Object.keys(served) as OperationId[]).map((id) => [
      id,
      (input?: Input, callOptions?: AnyOptions) => call(id, input, callOptions),
    ]),
  ) as unknown as Methods
  return {
    ...methods,
    async *connections({ projectId, pageSize = 100 } = {}, callOptions) {
      let cursor: string | undefined
      do {
        const page = await methods.listConnections({ projectId, limit: pageSize, cursor }, callOptions)
        yield* page.data
        cursor = page.next ?? undefined
      } while (cursor !== undefined)
    },
  }
}

type Input = Readonly<Record<string, unknown>>
type AnyOptions = GuardedCallOptions & Partial<SignedCallOptions>

function callerOf({ baseUrl, token, fetch: send = globalThis.fetch }: ClientOptions) {
  const root = rootOf(baseUrl)

  return async (id: OperationId, input: Input = {}, { signal, ifMatch, secret }: AnyOptions = {}) => {
    const { method, who } = served[id]
    const { path, body, query } = distribute(id, input)
    const headers: Record<string, string> = { accept: "application/json, application/problem+json" }
    if (who !== "public") headers.authorization = `Bearer ${await tokenOf(token)}`
    if (body !== undefined) headers["content-type"] = "application/json"
    if (ifMatch !== undefined) headers["if-match"] = `"${ifMatch}"`
    if (id === "rotated") headers["latchkey-signature"] = await signatureOf(input, body, secret)
    const response = await send(`${root}${path}${query}`, {
      method,
      headers,
      ...(body !== undefined && { body }),
      ...(signal && { signal }),
      // Redirects would carry the body elsewhere; the API has none.
      redirect: "error",
      credentials: "omit",
      cache: "no-store",
    })
    return read(response)
  }
}

function rootOf(baseUrl: string): string {
  const { protocol, origin, pathname } = new URL(baseUrl)
  if (protocol !== "https:" && protocol !== "http:")
    throw new TypeError("baseUrl must be an http or https address")
  const prefix = pathname.replace(/\/+$/, "")
  return origin + (prefix.endsWith(basePath) ? prefix.slice(0, -basePath.length) : prefix)
}

/** Sends each field of the input where it belongs: the path, else the body, else the query. */
function distribute(id: OperationId, input: Input) {
  const { method, path: template } = served[id]
  const names = parameterNames(template)
  const params = Object.fromEntries(names.map((name) => [name, String(input[name] ?? "")]))
  const rest = Object.entries(input).filter(([name, value]) => !names.includes(name) && value !== undefined)
  const path = basePath + fillPath(template, params)
  // An empty id, or one that reads as another route, must not turn one call into another.
  const parsed = new URL(path, "https://latchkey.invalid").pathname
  if (matchRoute(method, parsed)?.operation !== id)
    throw new TypeError(`${id}: ${names.join(", ")} must be an id of a connection`)
  if (method === "POST" || method === "PATCH") {
    const empty = rest.length === 0 && names.length > 0
    return { path, query: "", body: empty ? undefined : JSON.stringify(Object.fromEntries(rest)) }
  }
  const query = new URLSearchParams(rest.map(([name, value]) => [name, String(value)])).toString()
  return { path, query: query && `?${query}`, body: undefined }
}

/** A token that does not fit a header is refused here, since the runtime's own error would repeat it. */
async function tokenOf(token: ClientOptions["token"]): Promise<string> {
  const value = (typeof token === "string" ? token : await token()).trim()
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(value))
    throw new TypeError("the token is empty or not a bearer token: pass the JWT alone")
  return value
}

async function signatureOf(input: Input, body = "", secret: string | undefined): Promise<string> {
  if (!secret) throw new TypeError("rotated: pass the webhook's secret in the options")
  return signRotation({ secret, platformId: String(input.platformId), id: String(input.id), body })
}

async function read(response: Response): Promise<unknown> {
  if (response.status === 204 || response.status === 202) return undefined
  const json = await response.json().catch((error: unknown) => {
    if (error instanceof SyntaxError) return undefined
    throw error
  })
  if (response.ok && json !== undefined) return json
  if (isProblem(json)) throw new LatchkeyProblem(json)
  throw new UnexpectedReply(
    `HTTP ${response.status} without a problem document: check that baseUrl leads to Latchkey and what stands between`,
    response.status,
  )
}
