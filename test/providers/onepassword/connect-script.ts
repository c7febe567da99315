import type { HttpRequest } from "../../../core/network/http.ts"
import { onepassword } from "../../../core/providers/onepassword/index.ts"
import type { ReferenceOptions } from "../../../core/references/reference-options.ts"
import { outcomesOf, type Scripted, scriptedHttp, testDeps } from "../deps.ts"

/** Answers to a test's requests, by `path?query` below `/v1/`, decoded. What is not among them is not found. */
export type Script = Record<string, Scripted | ((request: HttpRequest) => Scripted)>

export const ids = {
  vault: "vvvvvvvvvvvvvvvvvvvvvvvvvv",
  other: "wwwwwwwwwwwwwwwwwwwwwwwwww",
  item: "iiiiiiiiiiiiiiiiiiiiiiiiii",
  item2: "jjjjjjjjjjjjjjjjjjjjjjjjjj",
  file: "ffffffffffffffffffffffffff",
}

export const ok = (body: unknown): Scripted => ({ status: 200, body })
export const error = (status: number, message = "what the vendor says"): Scripted => ({
  status,
  body: { status, message },
})

export const fullItem = (id: string, title: string, value: string, more: object = {}) => ({
  id,
  title,
  vault: { id: ids.vault },
  category: "LOGIN",
  version: 4,
  fields: [{ id: "password", type: "CONCEALED", label: "password", value }],
  ...more,
})

export const itemPath = (item = ids.item, vault = ids.vault) => `vaults/${vault}/items/${item}`
export const titled = (title: string, vault = ids.vault) => `vaults/${vault}/items?filter=title eq "${title}"`

/** A Connect server with one vault, `V`, and one item in it, `I`. */
export function connectWith(script: Script, config: object = {}) {
  const answers: Script = {
    'vaults?filter=title eq "V"': ok([{ id: ids.vault, name: "V" }]),
    [`vaults/${ids.vault}`]: ok({ id: ids.vault, name: "V" }),
    [titled("I")]: ok([{ id: ids.item, title: "I" }]),
    [itemPath()]: ok(fullItem(ids.item, "I", "value")),
    ...script,
  }
  const http = scriptedHttp((request, line) => {
    const answer = answers[decodeURIComponent(line.replace(/^GET .*?\/v1\//, ""))] ?? error(404)
    return typeof answer === "function" ? answer(request) : answer
  })
  const deps = testDeps(http.factory)
  const client = onepassword.open(
    onepassword.config().parse({ url: "https://connect.example/base", token: "token-canary", ...config }),
    deps,
  )
  const signal = new AbortController().signal
  return {
    ...http,
    deps,
    client,
    /** What each reference gives, or the reason why it gives nothing. */
    async resolve(...references: (string | [string, ReferenceOptions])[]): Promise<string[]> {
      const parsed = references.map((reference) =>
        typeof reference === "string"
          ? onepassword.parsePath(reference, {})
          : onepassword.parsePath(...reference),
      )
      return outcomesOf(client, parsed, signal)
    },
    fetch: (documents: string[]) => client.fetch(documents, signal),
    check: () => client.check(signal),
    browse: (prefix: string, cursor?: string) => client.browse?.(prefix, cursor, signal),
    paths: () => http.lines().map((line) => decodeURIComponent(line.replace("GET /base/v1/", ""))),
  }
}
