import { readFileSync } from "node:fs"
import { join } from "node:path"
import { basePath } from "../../core/contract/operation.ts"
import type { Built } from "../build.ts"
import { functionIds, functionName } from "../function-names.ts"
import type { PlannedResource } from "./evaluate.ts"

/** A stage's resources as people and tests look at them: what `npm run plan -- --json` prints. */
export interface Plan {
  stage: string
  resources: { type: string; name: string }[]
  functions: PlannedFunction[]
  routes: PlannedRoute[]
}

export interface PlannedFunction {
  operation: string
  /** On AWS. */
  name: string
  runtime: string
  architecture: string
  /** MB. */
  memory: number
  /** Seconds. */
  timeout: number
  bundleBytes: number
  hotBytes: number
  /** Names only. */
  environment: string[]
  permissions: { actions: string[]; resources: string[] }[]
}

export interface PlannedRoute {
  method: string
  path: string
  /** Null where API Gateway answers itself. */
  operation: string | null
  /** The authorizer's name; null where the route is public. */
  authorizer: string | null
}

/** A statement of a role's policy, as `aws.iam.getPolicyDocument` takes it. */
export interface Statement {
  actions: string[]
  resources: string[]
  conditions?: { test: string; variable: string; values: string[] }[]
}

export function planOf(stage: string, resources: readonly PlannedResource[], functions: string): Plan {
  const built: Partial<Built> = JSON.parse(readFileSync(join(functions, "functions.json"), "utf8"))
  return {
    stage,
    resources: resources
      .map(({ type, name }) => ({ type, name }))
      .sort((a, b) => `${a.type} ${a.name}`.localeCompare(`${b.type} ${b.name}`)),
    functions: functionIds.map((operation) => {
      const inputs = functionInputs(resources, functionName(stage, operation))
      const { bytes = 0, hotBytes = 0 } = built[operation] ?? {}
      return {
        operation,
        name: String(inputs.name),
        runtime: String(inputs.runtime),
        architecture: (inputs.architectures as string[]).join(),
        memory: Number(inputs.memorySize),
        timeout: Number(inputs.timeout),
        bundleBytes: bytes,
        hotBytes,
        environment: Object.keys(variablesOf(inputs)).sort(),
        permissions: statementsOf(resources, operation).map(({ actions, resources }) => ({
          actions,
          resources,
        })),
      }
    }),
    routes: routesOf(stage, resources),
  }
}

export function functionInputs(resources: readonly PlannedResource[], name: string): Record<string, unknown> {
  const found = ofType(resources, "aws:lambda/function:Function").find(({ inputs }) => inputs.name === name)
  if (!found) throw new Error(`The plan has no function ${name}.`)
  return found.inputs
}

export function variablesOf(inputs: Record<string, unknown>): Record<string, string> {
  return (inputs.environment as { variables?: Record<string, string> } | undefined)?.variables ?? {}
}

/** What the role of an operation's function may do, conditions included. */
export function statementsOf(resources: readonly PlannedResource[], operation: string): Statement[] {
  const name = `${operation.charAt(0).toUpperCase()}${operation.slice(1)}Role`
  const role = ofType(resources, "aws:iam/role:Role").find((one) => one.name === name)
  if (!role) throw new Error(`The plan has no role ${name}.`)
  const policies = (role.inputs.inlinePolicies ?? []) as { policy: string }[]
  return policies.flatMap(({ policy }) => (JSON.parse(policy) as { statements: Statement[] }).statements)
}

export const ofType = (resources: readonly PlannedResource[], type: string) =>
  resources.filter((resource) => resource.type === type)

/** From the methods of the API and what is behind them, not from the contract that they were made of. */
function routesOf(stage: string, resources: readonly PlannedResource[]): PlannedRoute[] {
  const integrations = ofType(resources, "aws:apigateway/integration:Integration")
  const authorizers = ofType(resources, "aws:apigateway/authorizer:Authorizer")
  return ofType(resources, "aws:apigateway/method:Method")
    .map(({ inputs: { resourceId, httpMethod, authorization, authorizerId } }) => {
      const uri = integrations.find(
        ({ inputs }) => inputs.resourceId === resourceId && inputs.httpMethod === httpMethod,
      )?.inputs.uri
      const authorizer = authorizers.find(({ name }) => `${name}-id` === authorizerId)
      return {
        method: String(httpMethod),
        path: pathOf(resources, String(resourceId)),
        operation: functionIds.find((id) => called(String(uri)) === functionName(stage, id)) ?? null,
        authorizer: authorization === "CUSTOM" ? String(authorizer?.inputs.name) : null,
      }
    })
    .sort((a, b) => `${a.path} ${a.method}`.localeCompare(`${b.path} ${b.method}`))
}

/** The function in an integration's address. */
const called = (uri: string) => /:function:([^:/]+)/.exec(uri)?.[1]

function pathOf(resources: readonly PlannedResource[], id: string): string {
  if (id === "root") return ""
  const found = ofType(resources, "aws:apigateway/resource:Resource").find(({ name }) => `${name}-id` === id)
  if (!found) throw new Error(`The plan has no API resource ${id}.`)
  return `${pathOf(resources, String(found.inputs.parentId))}/${String(found.inputs.pathPart)}`
}

/** Below the API's base path, as the contract writes it. */
export const belowBase = (path: string) => (path.startsWith(basePath) ? path.slice(basePath.length) : path)
