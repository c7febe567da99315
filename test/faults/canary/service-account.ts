import { vi } from "vitest"
import type { ServiceAccountClient } from "../../../core/providers/onepassword/service-account.ts"

type Named = { id: string; title: string }

/** What signs in to 1Password by a service account's token. */
export type SignIn = (options: { auth: string }) => Promise<ServiceAccountClient>

/**
 * Nobody but 1Password lets its SDK sign in. So this one does for it, where `token` is used: it asks the Connect server at
 * `url`, and what it throws repeats all that it knows. While `original` is set, it is the SDK itself that signs in.
 */
export function signInOver(server: { url: string; token: string; serviceAccount: string }) {
  const { url, token, serviceAccount } = server
  const double: { original?: SignIn; signIn: SignIn } = { signIn }

  async function signIn(options: { auth: string }): Promise<ServiceAccountClient> {
    const refusal = (text: string) =>
      Object.assign(new Error(`an internal error occurred: ${options.auth} ${text}`), { ...options, text })
    if (secretKeyOf(options.auth) !== secretKeyOf(serviceAccount))
      throw refusal("invalid service account token")

    async function ask(path: string): Promise<Response> {
      await double.original?.(options)
      const response = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } })
      if (!response.ok) throw refusal(await response.text())
      return response
    }
    const json = async (path: string) => (await ask(path)).json()
    const vaultOf = ({ id, name }: { id: string; name: string }) => ({ id, title: name }) as never
    return {
      vaults: {
        list: async () => (await json("/v1/vaults")).map(vaultOf),
        getOverview: async (id) => vaultOf(await json(`/v1/vaults/${id}`)),
      },
      items: {
        list: (vaultId) => json(`/v1/vaults/${vaultId}/items`),
        async get(vaultId, itemId) {
          const { fields, files = [], ...item } = await json(`/v1/vaults/${vaultId}/items/${itemId}`)
          return {
            ...item,
            sections: [],
            fields: fields.map(({ id, label: title, value }: Record<string, string>) => ({
              ...{ id, title, value, fieldType: "Concealed" },
            })),
            files: files.map((attributes: Named) => ({ attributes })),
          }
        },
        files: {
          read: async (vaultId, itemId, { id }) =>
            new Uint8Array(
              await (await ask(`/v1/vaults/${vaultId}/items/${itemId}/files/${id}/content`)).arrayBuffer(),
            ),
        },
      },
    }
  }
  return double
}

/** Has what is for 1Password's own hosts sent to `url`. Gives what ends it. */
export function redirectOnePassword(url: string): () => void {
  const { fetch: send } = globalThis
  const spy = vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
    if (!(input instanceof Request) || !/\.1password\.com$/.test(new URL(input.url).hostname))
      return send(input, init)
    return send(url + new URL(input.url).pathname, new Request(input, { redirect: "manual" }))
  })
  return () => spy.mockRestore()
}

const secretKeyOf = (token: string): unknown =>
  JSON.parse(Buffer.from(token.slice("ops_".length), "base64url").toString()).secretKey
