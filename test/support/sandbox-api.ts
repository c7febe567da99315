import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { vi } from "vitest"
import type { TokenClaims } from "../../local/identity.ts"
import type { Sandbox, SandboxOptions } from "../../local/sandbox.ts"
import { startVault, type VaultServer } from "../../local/secret-managers/vault/server.ts"

/** The whole of Latchkey in this process, over embedded servers and with a Vault beside it, as its users meet it: by HTTP. */
export interface SandboxApi {
  /** The one that runs now. */
  readonly sandbox: Sandbox
  /** With the demo's secrets; a connection to it is made by `vaultConnection`. */
  vault: VaultServer
  /** Where the sandbox keeps its data. */
  dataDir: string
  /** Someone with a token of these claims. Without claims: someone without a token. */
  as(claims?: TokenClaims): Caller
  /** Someone with this text as a token. */
  withToken(token: string): Caller
  /** Closes the sandbox and starts it over the same data, with functions that remember nothing. */
  restart(): Promise<void>
  close(): Promise<void>
}

export interface Answer {
  status: number
  headers: Headers
  text: string
  /** The text as JSON; empty where it is none. */
  body: Body
}

/** JSON: a test asks for what it expects, and finds nothing where that is not. */
export interface Body {
  readonly [name: string]: Body | undefined
}

export interface Caller {
  /** `body` is sent as JSON, a text as it is. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  get(path: string): Promise<Answer>
  post(path: string, body?: unknown): Promise<Answer>
  patch(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  delete(path: string): Promise<Answer>
}

export async function startSandboxApi({
  environment,
  ...options
}: Partial<SandboxOptions> & {
  /** Over what the sandbox tells its functions. */
  environment?: Record<string, string>
} = {}): Promise<SandboxApi> {
  process.env.POWERTOOLS_LOG_LEVEL ??= "SILENT"
  process.env.POWERTOOLS_METRICS_DISABLED ??= "true"
  const folder = mkdtempSync(join(tmpdir(), "latchkey-api-"))
  const dataDir = join(folder, "data")
  const vault = await startVault({ demo: true })
  let sandbox = await start()

  /** Loaded anew each time: functions read their environment once, and keep what they have built. */
  async function start(): Promise<Sandbox> {
    vi.resetModules()
    const [{ startSandbox }, service] = await Promise.all([
      import("../../local/sandbox.ts"),
      import("../../local/service.ts"),
    ])
    const loadService = () => {
      Object.assign(process.env, environment)
      return service.loadService()
    }
    return startSandbox({ port: 0, dataDir, demo: false, loadService, ...options })
  }

  return {
    get sandbox() {
      return sandbox
    },
    vault,
    dataDir,
    as: (claims) =>
      callerOf(
        () => sandbox.api,
        async () => (claims ? sandbox.parts.identity.signToken(claims) : undefined),
      ),
    withToken: (token) =>
      callerOf(
        () => sandbox.api,
        async () => token,
      ),
    async restart() {
      await sandbox.close()
      sandbox = await start()
    },
    async close() {
      await sandbox.close()
      await vault.stop()
      rmSync(folder, { recursive: true })
    },
  }
}

/** Someone with this token, at the API of another process. */
export const callerAt = (api: string, token: string): Caller =>
  callerOf(
    () => api,
    async () => token,
  )

/** Calls the API where it is now, with a token that is asked for once. */
function callerOf(api: () => string, getToken: () => Promise<string | undefined>): Caller {
  let asked: Promise<string | undefined> | undefined

  async function call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    asked ??= getToken()
    const token = await asked
    const response = await fetch(api() + path, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, body: parsed(text) }
  }

  return {
    call,
    get: (path) => call("GET", path),
    post: (path, body) => call("POST", path, body),
    patch: (path, body, headers) => call("PATCH", path, body, headers),
    delete: (path) => call("DELETE", path),
  }
}

function parsed(text: string): Body {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

export const admin = (platformId: string): TokenClaims => ({ platformId, role: "ADMIN" })

export const member = (platformId: string, ...projectIds: string[]): TokenClaims => ({
  platformId,
  role: "MEMBER",
  projectIds,
})

/** Without `projectIds` it may use any project. */
export const service = (platformId: string, projectIds?: string[]): TokenClaims => ({
  platformId,
  role: "MEMBER",
  type: "SERVICE",
  ...(projectIds && { projectIds }),
})

/** What creates a connection to the sandbox's Vault. */
export const vaultConnection = ({ config }: VaultServer, more: object = {}) => ({
  providerId: "hashicorp",
  name: "Vault",
  scope: "PLATFORM",
  config,
  ...more,
})

/** Creates a connection as its admin would, and gives its id. */
export async function connect(admin: Caller, vault: VaultServer, more: object = {}): Promise<string> {
  const { status, text, body } = await admin.post("", vaultConnection(vault, more))
  if (status !== 201) throw new Error(`The connection was not created: ${status} ${text}`)
  return String(body.id)
}
