import { type CommonSwitches, type FaultsOf, faultsOf, oneOf } from "../faults.ts"

/** What can be counted, and what a fault can be limited to. */
export const operationNames = [
  "list-vaults",
  "read-vault",
  "list-items",
  "read-item",
  "read-file",
  "write",
  "health",
  "other",
] as const

export type OperationName = (typeof operationNames)[number]

export interface FaultSwitches extends CommonSwitches<OperationName> {
  /** Answer this status with an error of Connect's: 401, 403, 404, 429, 500, 503, ... */
  status?: number
}

export type Faults = FaultsOf<FaultSwitches>

export const createFaults = (): Faults => faultsOf({ operation: oneOf(operationNames) })
