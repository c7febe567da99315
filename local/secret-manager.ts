import type { ProviderId } from "../core/providers/registry.ts"

/** A sandbox server that speaks a secret manager's protocol: one module each under `secret-managers/`. */
export interface SecretManagerModule {
  providerId: ProviderId
  /**
   * @param options.state - what `state()` gave when it ran before; absent on the first start
   * @throws Error with the code `EADDRINUSE`, itself or its cause, where the port is taken
   */
  start(options: { port: number; state: string | undefined }): Promise<RunningSecretManager>
}

export interface RunningSecretManager {
  providerId: ProviderId
  /** Of its connection. */
  name: string
  port: number
  /** A connection's configuration that reaches it. The same after a restart, the address aside. */
  config: Record<string, unknown>
  /** A secret to try: its path in the connection, and what is there now. */
  demo: { path: string; value: string }
  /** Everything that it must remember, for the next start. Kept in a private file. */
  state(): string
  close(): Promise<void>
}
