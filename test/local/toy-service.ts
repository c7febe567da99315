import type { Service } from "../../local/sandbox.ts"

/**
 * A stand-in for Latchkey's functions: keeps connections in memory, as the caller's own list across sandboxes, checks
 * nothing, and tells what the environment was when it was loaded.
 */
export function toyService(connections: Map<string, unknown> = new Map()) {
  const calls: string[] = []
  const environment: Record<string, string | undefined> = {}
  const loadService = async (): Promise<Service> => {
    Object.assign(environment, process.env)
    return {
      basePath: "/toy",
      routes: {
        match: (method, path) => ({ operation: `${method}`, resource: path, public: method === "HEAD" }),
      },
      handlers: {
        GET: async () => (event) => {
          const id = event.path.split("/")[2] ?? ""
          const found = id === "" ? [...connections.keys()] : connections.get(id)
          return { statusCode: found === undefined ? 404 : 200, body: JSON.stringify(found ?? {}) }
        },
        POST: async () => (event) => {
          const connection = JSON.parse(event.body ?? "{}") as { id: string }
          calls.push(`create ${connection.id}`)
          connections.set(connection.id, connection)
          return { statusCode: 201, body: event.body ?? "" }
        },
        PATCH: async () => (event) => {
          const id = event.path.split("/")[2] ?? ""
          calls.push(`update ${id}`)
          connections.set(id, { ...(connections.get(id) as object), ...JSON.parse(event.body ?? "{}") })
          return { statusCode: 200, body: "{}" }
        },
      },
      authorizer: async () => () => ({
        principalId: "someone",
        policyDocument: {
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Action: "execute-api:Invoke", Resource: "*" }],
        },
      }),
      problem: () => ({ status: 500 }),
    }
  }
  return { loadService, connections, calls, environment }
}
