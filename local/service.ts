import { basePath } from "../core/contract/operation.ts"
import { toProblem } from "../core/contract/problems.ts"
import { matchRoute, routes } from "../core/contract/routes.ts"
import type { OperationHandler } from "./gateway.ts"
import type { AuthorizerHandler } from "./gateway-authorizer.ts"
import type { FunctionHandler } from "./lambda.ts"
import type { Service } from "./sandbox.ts"

/** The functions of this repository behind the contract's routes, each loaded on its first request as on Lambda. */
export async function loadService(): Promise<Service> {
  const operations = new Set(routes.map(({ operation }) => operation))
  return {
    basePath,
    routes: { match: matchResource },
    handlers: Object.fromEntries(
      [...operations].map((operation) => [
        operation,
        () => handlerOf<OperationHandler>(fileNameOf(operation)),
      ]),
    ),
    authorizer: () => handlerOf<AuthorizerHandler>("authorizer"),
    direct: { "latchkey-resolve-direct": () => handlerOf<FunctionHandler>("resolve-direct") },
    problem: toProblem,
  }
}

function matchResource(method: string, path: string) {
  const match = matchRoute(method, path)
  const route = match && routes.find((one) => one.operation === match.operation && one.method === method)
  return (
    route && {
      operation: route.operation,
      resource: basePath + route.path,
      public: route.who === "public",
    }
  )
}

/** The contract names an operation's file after its id: `listConnections` is served by `list-connections.ts`. */
const fileNameOf = (operation: string) => operation.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

async function handlerOf<Handler>(name: string): Promise<Handler> {
  const module: { handler: Handler } = await import(new URL(`../functions/${name}.ts`, import.meta.url).href)
  return module.handler
}
