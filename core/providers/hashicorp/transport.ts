import type NodeVault from "node-vault"
import { ProviderError } from "../../errors.ts"
import type { Json } from "../../json.ts"
import type { HttpClient, Phase } from "../../network/http.ts"
import type { Secret } from "../../secret.ts"
import { jsonOf } from "../answer.ts"

/** Any answer of Vault's, whatever its status. */
export interface VaultAnswer {
  status: number
  /** How long Vault asks to wait before the next request. */
  retryAfterMs?: number
  /** Undefined where there was none, or none in JSON: then it was hardly Vault that answered. */
  body: Json | undefined
}

export interface AskOptions {
  /** Our name of the operation, for errors. */
  operation: string
  /** Absent only at a login. */
  token?: Secret
  signal: AbortSignal
}

/** Vault's API below `/v1/`. Paths are already encoded. @throws ProviderError what the network throws */
export interface Vault {
  read(path: string, options: AskOptions): Promise<VaultAnswer>
  write(path: string, data: Readonly<Record<string, string>>, options: AskOptions): Promise<VaultAnswer>
}

export interface VaultConnection {
  http: HttpClient
  url: string
  namespace: string | undefined
  /** Told how far each request has come. */
  onPhase?: (phase: Phase) => void
}

/** What node-vault hands to a transport, as far as it is used here. */
interface NodeVaultRequest extends AskOptions {
  method: "GET" | "POST"
  uri: string
  json?: Readonly<Record<string, string>>
}

/**
 * A node-vault client that reaches nothing but `url`, through `http` alone. node-vault builds URLs; what is sent
 * besides is decided here, from the connection: it would take what it finds missing from `VAULT_TOKEN`,
 * `VAULT_NAMESPACE`, `VAULT_PREFIX` and `VAULT_SKIP_VERIFY`, and puts headers into an object that calls may share.
 */
export function vaultOver(connection: VaultConnection): Vault {
  let loading: Promise<NodeVault.client> | undefined
  const client = () => {
    loading ??= loadClient(connection)
    return loading
  }
  return {
    // What node-vault calls request options reaches the transport as it is; it never contains headers.
    read: async (path, options) => (await client()).read(path, { ...options }),
    write: async (path, data, options) => (await client()).write(path, data, { ...options }),
  }
}

async function loadClient(connection: VaultConnection): Promise<NodeVault.client> {
  const { default: nodeVault } = await import("node-vault")
  const { url } = connection
  const send = (request: NodeVaultRequest) => sendRequest(connection, request)
  const client = nodeVault({
    endpoint: url,
    // Its own writes tokens and paths to stderr where `DEBUG` is set.
    debug: () => {},
    "request-promise": { defaults: () => send },
  })
  // Empty strings given at construction would have been taken from the environment.
  return Object.assign(client, {
    endpoint: url,
    token: "",
    namespace: "",
    pathPrefix: "",
    // Its own takes any answer of a path that contains `sys/health` for a success, and turns others into errors that
    // have Vault's text as the message.
    handleVaultResponse: async (answer: VaultAnswer) => answer,
  })
}

/** Sends one request. Headers that it has are dropped, `strictSSL` is ignored: TLS is always verified. */
async function sendRequest(
  { http, url, namespace, onPhase }: VaultConnection,
  { method, uri, json, operation, token, signal }: NodeVaultRequest,
): Promise<VaultAnswer> {
  // What keeps a path inside Vault's API keeps the token inside the connection.
  if (!uri.startsWith(`${url}/v1/`)) {
    throw new ProviderError("PROVIDER_ERROR", "A request would have left the connection.")
  }
  const { status, retryAfterMs, body } = await http.request({
    method,
    url: uri,
    headers: {
      "X-Vault-Request": "true",
      ...(namespace ? { "X-Vault-Namespace": namespace } : {}),
      ...(token ? { "X-Vault-Token": token.reveal() } : {}),
      ...(json ? { "Content-Type": "application/json" } : {}),
    },
    ...(json ? { body: JSON.stringify(json) } : {}),
    operation,
    ...(onPhase ? { onPhase } : {}),
    signal,
  })
  return { status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }), body: jsonOf(body) }
}
