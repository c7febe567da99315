import { conjur } from "../../../core/providers/conjur/index.ts"
import { outcomesOf, type Scripted, scriptedHttp, testDeps } from "../deps.ts"

/** Conjur's answers to a test's requests, by `METHOD /path?query` below the base path. */
export type Script = Record<string, Scripted | ((token: string | undefined) => Scripted | Promise<Scripted>)>

export const login = "POST /authn/acct/host%2Fapp/authenticate"

/** A token that lives so many seconds, as Conjur gives it for `Accept-Encoding: base64`. */
export function token(subject = "host/app", lifetime?: number): Scripted {
  const claims = {
    sub: subject,
    iat: 1_000_000,
    ...(lifetime === undefined ? {} : { exp: 1_000_000 + lifetime }),
  }
  const payload = Buffer.from(JSON.stringify(claims)).toString("base64url")
  const text = JSON.stringify({ protected: "e30=", payload, signature: "s" })
  return {
    status: 200,
    body: Buffer.from(text).toString("base64"),
    headers: { "content-encoding": "base64" },
  }
}
/** The header that such a token goes into. */
export const header = (subject = "host/app") => `Token token="${token(subject).body}"`

export const batch = (values: Record<string, string>): Scripted => ({
  status: 200,
  headers: { "content-encoding": "base64" },
  body: Object.fromEntries(
    Object.entries(values).map(([id, value]) => [
      `acct:variable:${id}`,
      Buffer.from(value)
        .toString("base64")
        .replaceAll(/.{1,60}/g, "$&\n"),
    ]),
  ),
})
export const one = (id: string) => `GET /secrets/acct/variable/${encodeURIComponent(id)}`
export const many = (...ids: string[]) =>
  `GET /secrets?variable_ids=${ids.map((id) => `acct:variable:${encodeURIComponent(id).replaceAll("%2F", "/")}`).join(",")}`
export const missing: Scripted = { status: 404, body: { error: { code: "not_found", message: "canary" } } }

export const apiKey = {
  url: "https://conjur.example.com/api",
  organizationAccountName: "acct",
  loginId: "host/app",
  apiKey: "api-key-canary",
}

/** A Conjur that lets `host/app` in, with what a test puts before that. */
export function conjurWith(script: Script, config: object = apiKey) {
  const answers: Script = {
    [login]: token(),
    "GET /whoami": { status: 200, body: { username: "host/app" } },
    ...script,
  }
  const http = scriptedHttp(async (request, line) => {
    const answer = answers[line.replace(" /api/", " /")]
    if (typeof answer === "function") return answer(request.headers?.authorization)
    return answer ?? missing
  })
  const deps = testDeps(http.factory)
  const client = conjur.open(conjur.config().parse(config), deps)
  const signal = new AbortController().signal
  return {
    ...http,
    deps,
    client,
    /** What a reference to each id gives, or the reason why it gives nothing. */
    async resolve(...ids: string[]): Promise<string[]> {
      const references = ids.map((id) => {
        const [name = "", version] = id.split("?version=")
        return conjur.parsePath(name, version === undefined ? {} : { version })
      })
      return outcomesOf(client, references, signal)
    },
    check: () => client.check(signal),
    browse: async (prefix: string, cursor?: string) => client.browse?.(prefix, cursor, signal),
    lines: () => http.lines().map((line) => line.replace(" /api/", " /")),
  }
}
