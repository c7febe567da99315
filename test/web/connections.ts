import type { Connection } from "../../core/client/index.ts"

/** A connection as an admin sees it, connected unless said otherwise. */
export function connection(more: Partial<Connection> = {}): Connection {
  return {
    id: "smc_000000000000000000000",
    created: "2026-01-01T00:00:00.000Z",
    updated: "2026-01-01T00:00:00.000Z",
    platformId: "acme",
    providerId: "hashicorp",
    name: "Vault",
    scope: "PLATFORM",
    version: 1,
    connection: { configured: true, connected: true, checkedAt: "2026-01-01T00:00:00.000Z" },
    settings: { cacheTtlSeconds: 3600, staleIfErrorSeconds: 0 },
    config: {
      url: "https://vault.example.com",
      authMethod: "approle",
      roleId: "role",
      secretId: { set: true },
    },
    ...more,
  }
}
