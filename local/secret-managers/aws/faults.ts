import { type CommonSwitches, type FaultsOf, faultsOf, line, positive } from "../faults.ts"

export interface FaultSwitches extends CommonSwitches {
  /** Answer this error of AWS's, by its name: `ThrottlingException`, `AccessDeniedException`, `DecryptionFailure`, ... */
  error?: string
  /** Answer this status, by itself without a body that AWS would send. */
  status?: number
  /** Sessions made while this is set last so many seconds. Not counted by `times`. */
  sessionSeconds?: number
  /** A page of a batch or list has at most so many secrets. Not counted by `times`. */
  pageSize?: number
  /** Only this operation of AWS's: `GetSecretValue`, `AssumeRole`, ... */
  operation?: string
}

export type Faults = FaultsOf<FaultSwitches>

export const createFaults = (): Faults =>
  faultsOf({
    error: (value) => typeof value === "string" && /^\w{1,64}$/.test(value),
    sessionSeconds: positive,
    pageSize: positive,
    operation: line,
  })
