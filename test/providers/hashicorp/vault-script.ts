import { ProviderError } from "../../../core/errors.ts"
import { hashicorp } from "../../../core/providers/hashicorp/index.ts"
import { outcomesOf, type Scripted, scriptedHttp, testDeps } from "../deps.ts"

/** Vault's answers to a test's requests, by `METHOD /path?query` below `/v1/`. */
export type Script = Record<string, Scripted | ((token: string | undefined) => Scripted | Promise<Scripted>)>

export const login = (token: string, more: object = {}): Scripted => ({
  status: 200,
  body: { data: null, auth: { client_token: token, lease_duration: 3600, ...more } },
})
export const data = (value: unknown, more: object = {}): Scripted => ({
  status: 200,
  body: { lease_id: "", data: value, ...more },
})
export const mount = (path: string, version: string | null, type = "kv"): Scripted =>
  data({ path, type, options: version === null ? null : { version } })
export const kv2 = (value: unknown, version = 1): Scripted =>
  data({ data: value, metadata: { version, deletion_time: "" } })
export const errors = (status: number, ...texts: string[]): Scripted => ({ status, body: { errors: texts } })

export const appRole = { url: "https://vault.example.com", roleId: "role-canary", secretId: "secret-canary" }
export const byToken = { url: "https://vault.example.com", authMethod: "token", token: "token-canary" }

/** A Vault that knows AppRole and one KV v2 mount, `secret/`, with what a test puts before that. */
export function vaultWith(script: Script, config: object = appRole) {
  const answers: Script = {
    "POST auth/approle/login": login("s.1"),
    "GET auth/token/lookup-self": data({ policies: ["default", "latchkey"] }),
    ...script,
  }
  const http = scriptedHttp(async (request, line) => {
    const answer = answers[line.replace(" /v1/", " ")]
    if (typeof answer === "function") return answer(request.headers?.["X-Vault-Token"])
    if (answer) return answer
    if (line.startsWith("GET /v1/sys/internal/ui/mounts/secret/")) return mount("secret/", "2")
    return errors(404)
  })
  const deps = testDeps(http.factory)
  const open = () => hashicorp.open(hashicorp.config().parse(config), deps)
  const client = open()
  const signal = new AbortController().signal
  return {
    ...http,
    deps,
    client,
    /** What a reference to each path gives, or the reason why it gives nothing. */
    async resolve(...paths: string[]): Promise<string[]> {
      const references = paths.map((path) => {
        const [name = "", version] = path.split("?version=")
        return hashicorp.parsePath(name, version === undefined ? {} : { version })
      })
      return outcomesOf(client, references, signal)
    },
    fetch: (documents: string[]) => client.fetch(documents, signal),
    check: () => client.check(signal),
    /** What lies below a prefix, folders with their slash, or the reason why that cannot be told. */
    async browse(prefix: string, cursor?: string): Promise<string[] | string> {
      try {
        const { data } = (await client.browse?.(prefix, cursor, signal)) ?? { data: [] }
        return data.map(({ path }) => path)
      } catch (error) {
        if (error instanceof ProviderError) return error.reason
        throw error
      }
    },
    paths: () => http.lines().map((line) => line.replace(" /v1/", " ")),
  }
}
