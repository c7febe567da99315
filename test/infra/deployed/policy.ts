import type { Statement } from "../../../stacks/plan/shape.ts"

/** What somebody asks AWS to do. */
export interface Action {
  /** `dynamodb:PutItem` */
  name: string
  /** ARNs; a role must be allowed the action on each. */
  resources: readonly string[]
  /** The condition keys of the request that are there, such as `kms:EncryptionContext:purpose`. */
  context: Readonly<Record<string, string>>
}

/**
 * The statements that allow an action, one for each of its resources, or undefined where one of these is not allowed.
 * As IAM evaluates a role's policy, of which nothing but allowing statements is known here.
 * @throws Error for a condition that this does not understand
 */
export function statementsFor(
  statements: readonly Statement[],
  { name, resources, context }: Action,
): Statement[] | undefined {
  const found = resources.map((resource) =>
    statements.find(
      ({ actions, resources, conditions = [] }) =>
        actions.includes(name) &&
        resources.some((pattern) => pattern === "*" || pattern === resource) &&
        conditions.every((condition) => holds(condition, context)),
    ),
  )
  const allowing = found.filter((statement) => statement !== undefined)
  return resources.length > 0 && allowing.length === resources.length ? allowing : undefined
}

function holds(
  { test, variable, values }: NonNullable<Statement["conditions"]>[number],
  context: Action["context"],
): boolean {
  const value = context[variable]
  switch (test) {
    case "StringEquals":
      return value !== undefined && values.includes(value)
    case "Null":
      return values.includes(String(value === undefined))
    default:
      throw new Error(`A condition ${test} is not known here.`)
  }
}
