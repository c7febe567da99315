import { type CommonSwitches, count, type FaultsOf, faultsOf, flag, oneOf } from "../faults.ts"

/** What can be counted, and what a fault can be limited to. */
export const operationNames = [
  "login",
  "lookup-self",
  "mount",
  "read",
  "metadata",
  "subkeys",
  "list",
  "write",
  "delete",
  "health",
  "other",
] as const

export type OperationName = (typeof operationNames)[number]

export interface FaultSwitches extends CommonSwitches<OperationName> {
  /** Behave as a sealed server, without being one. */
  sealed?: boolean
  /** Answer this status with the error that Vault gives with it: 307, 412, 429, 472, 473, 500, 501, 502, 503, ... */
  status?: number
  /** Where a 307 points, as that of a standby; the path is appended. */
  redirect?: string
  /** Tokens made while this is set live so many seconds. Not counted by `times`. */
  tokenTtl?: number
}

export type Faults = FaultsOf<FaultSwitches>

export const createFaults = (): Faults =>
  faultsOf({ sealed: flag, tokenTtl: count, operation: oneOf(operationNames) })
