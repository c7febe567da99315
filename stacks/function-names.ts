import { type OperationId, served } from "../core/contract/routes.ts"
import type { FunctionId } from "./permissions.ts"

export const functionIds: readonly FunctionId[] = [
  "authorizer",
  "resolveDirect",
  "rotationEvents",
  ...(Object.keys(served) as OperationId[]),
]

const kebabCase = (id: string) => id.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** The contract names an operation's file after its id: `listConnections` is served by `functions/list-connections.ts`. */
export const functionFiles = Object.fromEntries(functionIds.map((id) => [id, kebabCase(id)])) as Record<
  FunctionId,
  string
>

/** What a function is called on AWS: known beforehand, to those who invoke it and to operators. */
export const functionName = (stage: string, id: FunctionId): string =>
  `latchkey-${stage}-${functionFiles[id]}`
