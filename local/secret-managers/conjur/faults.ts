import { type CommonSwitches, count, type FaultsOf, faultsOf, oneOf } from "../faults.ts"

/** What can be counted, and what a fault can be limited to. */
export const operationNames = [
  "authenticate",
  "login",
  "whoami",
  "read",
  "batch",
  "write",
  "list",
  "other",
] as const

export type OperationName = (typeof operationNames)[number]

export interface FaultSwitches extends CommonSwitches<OperationName> {
  /** Answer this status, with the body that Conjur, or what stands before it, gives with it. */
  status?: number
  /** Tokens made while this is set live so many seconds. Not counted by `times`. */
  tokenTtl?: number
}

export type Faults = FaultsOf<FaultSwitches>

export const createFaults = (): Faults => faultsOf({ tokenTtl: count, operation: oneOf(operationNames) })
