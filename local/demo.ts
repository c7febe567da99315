import { createHash } from "node:crypto"
import { SandboxError } from "./sandbox-error.ts"
import type { RunningSecretManager } from "./secret-manager.ts"
import type { SandboxState } from "./state.ts"

/** A demo connection, as the sandbox tells programs about it. */
export interface DemoEntry {
  providerId: string
  connectionId: string
  /** What reaches the sandbox's own server, for any client of that vendor. */
  config: Record<string, unknown>
  /** The secret's path in the connection. */
  path: string
  reference: string
  value: string
}

export interface DemoOptions {
  /** The API's, `basePath` included. */
  baseUrl: string
  adminToken: string
  secretManagers: readonly RunningSecretManager[]
  state: SandboxState
}

/**
 * Sees that each sandbox secret manager has its connection, through the API like anyone's: made where it is missing,
 * updated where its server has moved or has other credentials now.
 * @throws SandboxError when the API refuses
 */
export async function connectDemo(options: DemoOptions): Promise<DemoEntry[]> {
  const entries = await Promise.all(
    options.secretManagers.map(async (secretManager) => {
      const { providerId, config, demo } = secretManager
      const connectionId = connectionIdOf(providerId)
      await connect(options, secretManager, connectionId)
      const reference = `{{secret://${connectionId}/${demo.path}}}`
      return { providerId, connectionId, config, path: demo.path, reference, value: demo.value }
    }),
  )
  await options.state.save()
  return entries
}

/** The same in every sandbox, so that documentation can name it: 21 letters and digits, such as `sandboxHashicorp00000`. */
function connectionIdOf(providerId: string): string {
  const words = providerId.split("-").map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
  return `sandbox${words.join("")}`.padEnd(21, "0").slice(0, 21)
}

async function connect(options: DemoOptions, secretManager: RunningSecretManager, id: string): Promise<void> {
  const { baseUrl, adminToken, state } = options
  const { providerId, name, config } = secretManager
  const digest = createHash("sha256").update(JSON.stringify(config)).digest("base64url")
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(baseUrl + path, {
      method,
      headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (response.ok || response.status === 404 || response.status === 409) return response.status
    throw new SandboxError(
      `the demo connection to ${providerId} was refused (${response.status} ${text}); start with --no-demo or another --data-dir.`,
    )
  }

  const create = () => call("POST", "/", { id, providerId, name, scope: "PLATFORM", config })
  const update = () => call("PATCH", `/${id}`, { config })
  const known = state.demo[providerId]
  // Asked for only where it was made before: a first start shall log no failures.
  if (known === undefined || (await call("GET", `/${id}`)) === 404) {
    if ((await create()) === 409) await update()
  } else if (known !== digest) await update()
  state.demo[providerId] = digest
}
