import type { Json } from "../../../core/json.ts"
import { demoPolicy, demoSecrets } from "./demo.ts"
import { VaultError } from "./protocol.ts"
import { answer, type World } from "./router.ts"
import { revoke } from "./tokens.ts"

type Data = { [key: string]: Json }

interface CallOptions {
  body?: Data
  namespace?: string
}

/** The server's administrator: goes in by the same door as clients, with the root token, uncounted and without faults. */
export interface VaultAdmin {
  readonly rootToken: string
  /** What `sys/unseal` wants, in base64. */
  readonly unsealKey: string
  /** Any call below `/v1/`; gives the answer's body. @throws VaultError */
  call(method: string, path: string, options?: CallOptions): Promise<Data>
  /** Writes a secret by the path of its API: `secret/data/app/x` on KV v2, `kv/app/x` on v1. */
  put(path: string, data: Data, namespace?: string): Promise<void>
  /** Makes an AppRole and a secret id for it, with the parameters of the API: `token_ttl`, `secret_id_num_uses`, ... */
  createRole(name: string, parameters?: Data, mount?: string): Promise<{ roleId: string; secretId: string }>
  /** Makes a token with the parameters of `auth/token/create`. */
  createToken(parameters?: Data, namespace?: string): Promise<string>
  /** Writes a policy in HCL or JSON. */
  writePolicy(name: string, policy: string, namespace?: string): Promise<void>
  /** Ends this token, or every token but the root token, batch tokens too. */
  revokeTokens(token?: string): void
  seal(): void
  unseal(): void
  /** Gives the demo secrets new values, or one of them; `data` says which values, and then any path will do. */
  rotate(path?: string, data?: Data): Promise<string[]>
}

export function createAdmin(world: World): VaultAdmin {
  const { state } = world
  const call = async (method: string, path: string, { body, namespace }: CallOptions = {}): Promise<Data> => {
    const request = {
      method,
      path,
      query: new URLSearchParams(),
      token: state.rootToken,
      contentType: "application/merge-patch+json",
      text: body === undefined ? "" : JSON.stringify(body),
      ...(namespace === undefined ? {} : { namespace }),
    }
    return ((await answer(request, world, false)).body ?? {}) as Data
  }
  const field = async (name: "data" | "auth", answered: Promise<Data>) =>
    ((await answered)[name] ?? {}) as Data
  const put = async (path: string, data: Data, namespace?: string) => {
    const versioned = [...(state.namespaces.get(namespace ? `${namespace}/` : "")?.mounts ?? [])].some(
      ([mountPath, mount]) =>
        path.startsWith(`${mountPath}data/`) && mount.type === "kv" && mount.version === 2,
    )
    await call("POST", path, {
      body: versioned ? { data } : data,
      ...(namespace === undefined ? {} : { namespace }),
    })
  }
  return {
    rootToken: state.rootToken,
    unsealKey: state.unsealKey,
    call,
    put,
    createRole: async (name, parameters = {}, mount = "approle") => {
      const role = `auth/${mount}/role/${name}`
      await call("POST", role, { body: parameters })
      const { role_id } = await field("data", call("GET", `${role}/role-id`))
      const { secret_id } = await field("data", call("POST", `${role}/secret-id`))
      return { roleId: String(role_id), secretId: String(secret_id) }
    },
    createToken: async (parameters = {}, namespace) => {
      const options = { body: parameters, ...(namespace === undefined ? {} : { namespace }) }
      const { client_token } = await field("auth", call("POST", "auth/token/create", options))
      return String(client_token)
    },
    writePolicy: async (name, policy, namespace) => {
      const options = { body: { policy }, ...(namespace === undefined ? {} : { namespace }) }
      await call("PUT", `sys/policies/acl/${name}`, options)
    },
    revokeTokens: (token) => {
      for (const found of [...state.tokens.values()])
        if (found.id !== state.rootToken && (token === undefined || found.id === token)) revoke(state, found)
    },
    seal: () => {
      state.sealed = true
    },
    unseal: () => {
      state.sealed = false
    },
    rotate: async (path, data) => {
      if (path !== undefined && data !== undefined) {
        await put(path, data)
        return [path]
      }
      const secrets = [...demoSecrets()].filter(([name]) => path === undefined || name === path)
      if (secrets.length === 0)
        throw new VaultError(404, `${path} is no demo secret: give its new "data" as well`)
      for (const [name, values] of secrets) await put(name, values)
      return secrets.map(([name]) => name)
    },
  }
}

/** Mounts, policy and role of a new sandbox, and its secrets where they are wanted. Gives what a connection needs. */
export async function furnish(
  admin: VaultAdmin,
  withSecrets: boolean,
): Promise<{ roleId: string; secretId: string }> {
  const mount = (path: string, body: Data) => admin.call("POST", `sys/mounts/${path}`, { body })
  await mount("secret", { type: "kv", options: { version: "2" }, description: "key/value secret storage" })
  await mount("kv", { type: "kv", options: { version: "1" }, description: "key/value, version 1" })
  await mount("database", { type: "database", description: "leased credentials" })
  await admin.call("POST", "database/roles/ro", { body: { default_ttl: 3600 } })
  await admin.call("POST", "sys/auth/approle", { body: { type: "approle" } })
  await admin.writePolicy("latchkey", demoPolicy)
  if (withSecrets) await admin.rotate()
  return admin.createRole("latchkey", { token_policies: ["latchkey"], token_ttl: "20m", token_max_ttl: "1h" })
}
