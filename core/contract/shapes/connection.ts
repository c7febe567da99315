import * as z from "zod/mini"
import { once } from "../../once.ts"
import type { ProviderId } from "../../providers/registry.ts"
import { timestamp } from "../fields.ts"
import { type Scope, scope } from "../scope.ts"
import { type Settings, settings } from "../settings.ts"
import { type Problem, problem } from "./problem.ts"

/** As the registry has them, which the types hold it to: loading that here would cost every operation. */
const ids: Record<ProviderId, true> = {
  hashicorp: true,
  aws: true,
  "cyberark-conjur": true,
  onepassword: true,
  "aws-ssm": true,
}

export const providerIds = Object.keys(ids) as [ProviderId, ...ProviderId[]]

/** The last known status: what `checkedAt` tells when it was learnt. */
export interface ConnectionStatus {
  configured: boolean
  connected: boolean
  checkedAt?: string
  error?: Problem
}

/** A connection as admins see it; services see it without `config`. */
export interface Connection {
  id: string
  created: string
  updated: string
  platformId: string
  providerId: ProviderId
  name: string
  scope: Scope
  /** Only with the scope PROJECT. */
  projectIds?: string[]
  /** The fields that are not secret as they are, secret ones as `{ set: true }`. */
  config?: { [field: string]: string | { set: true } }
  version: number
  connection: ConnectionStatus
  settings: Settings
}

/** A connection as members of a project see it. */
export interface MemberConnection {
  id: string
  providerId: ProviderId
  name: string
  scope: Scope
  /** Of the connection's projects those that are the member's own. */
  projectIds?: string[]
  connection: { connected: boolean }
}

export const connection = once(
  (): z.ZodMiniType<Connection> =>
    z
      .strictObject({
        id: z.string(),
        created: timestamp(),
        updated: timestamp(),
        platformId: z.string(),
        providerId: z.enum(providerIds),
        name: z.string(),
        scope: scope(),
        projectIds: z.exactOptional(z.array(z.string())),
        config: z
          .exactOptional(
            z.record(z.string(), z.union([z.string(), z.strictObject({ set: z.literal(true) })])),
          )
          .check(z.describe("Admins only. Secret fields show as { set: true }.")),
        version: z.int().check(z.minimum(1), z.describe("Grows with every update; the ETag.")),
        connection: z.strictObject({
          configured: z.boolean(),
          connected: z.boolean(),
          checkedAt: z.exactOptional(timestamp()),
          error: z.exactOptional(problem()),
        }),
        settings: settings(),
      })
      .check(z.meta({ id: "Connection" })),
)

export const memberConnection = once(
  (): z.ZodMiniType<MemberConnection> =>
    z
      .strictObject({
        id: z.string(),
        providerId: z.enum(providerIds),
        name: z.string(),
        scope: scope(),
        projectIds: z.exactOptional(z.array(z.string())),
        connection: z.strictObject({ connected: z.boolean() }),
      })
      .check(
        z.meta({ id: "MemberConnection", description: "What members of a project see of a connection." }),
      ),
)

export const anyConnection = once(() => z.union([connection(), memberConnection()]))
