import type { Kind } from "../auth/principal.ts"
import { basePath, type Route } from "./operation.ts"

interface Entry extends Route {
  aliases?: readonly Route[]
  who: readonly Kind[] | "public"
}

const anyone = ["admin", "member", "service"] as const

/**
 * Where each operation that is served lives and whose tokens get past its door. This table knows no schemas, so the
 * stacks and the browser's client, which need no more, load nothing else.
 */
export const served = {
  listProviders: { method: "GET", path: "/providers", who: anyone },
  listConnections: { method: "GET", path: "", who: anyone },
  getConnection: { method: "GET", path: "/{id}", who: anyone },
  createConnection: { method: "POST", path: "", who: ["admin"] },
  updateConnection: {
    method: "PATCH",
    path: "/{id}",
    aliases: [{ method: "POST", path: "/{id}" }],
    who: ["admin"],
  },
  deleteConnection: { method: "DELETE", path: "/{id}", who: ["admin"] },
  testUnsaved: { method: "POST", path: "/test", who: ["admin"] },
  testConnection: { method: "POST", path: "/{id}/test", who: ["admin"] },
  clearCache: { method: "DELETE", path: "/cache", who: ["admin", "service"] },
  resolve: { method: "POST", path: "/resolve", who: ["service"] },
  validate: { method: "POST", path: "/validate", who: anyone },
  browse: { method: "POST", path: "/{id}/browse", who: ["admin", "member"] },
  usage: { method: "GET", path: "/{id}/usage", who: ["admin"] },
  audit: { method: "GET", path: "/audit", who: ["admin"] },
  webhookSecret: { method: "POST", path: "/{id}/webhook-secret", who: ["admin"] },
  rotated: { method: "POST", path: "/rotated/{platformId}/{id}", who: "public" },
  document: { method: "GET", path: "/openapi.json", who: "public" },
} as const satisfies Record<string, Entry>

export type OperationId = keyof typeof served

export interface ServedRoute extends Route {
  operation: OperationId
  who: readonly Kind[] | "public"
  /** True of a route that is kept for existing clients beside the operation's own. */
  alias: boolean
}

/** Every route of the API, aliases included. Paths are below `basePath`. */
export const routes: readonly ServedRoute[] = Object.entries<Entry>(served).flatMap(
  ([id, { aliases = [], who, method, path }]) => {
    const operation = id as OperationId
    return [
      { method, path, operation, who, alias: false },
      ...aliases.map((alias) => ({ ...alias, operation, who, alias: true })),
    ]
  },
)

export interface RouteMatch {
  operation: OperationId
  /** Percent-decoded. */
  params: Record<string, string>
}

/**
 * Finds the operation behind a request. `path` is the URL's pathname, still percent-encoded, with `basePath` and with or
 * without one trailing slash. A literal path wins over one with parameters and, as in API Gateway, hides it for every
 * method: `GET /cache` is no connection called `cache`. Undefined means that no such route exists.
 */
export function matchRoute(method: string, path: string): RouteMatch | undefined {
  if (path !== basePath && !path.startsWith(`${basePath}/`)) return undefined
  const segments = decodeSegments(path.slice(basePath.length).replace(/\/$/, ""))
  if (segments === undefined) return undefined

  const fitting = resources.filter(({ template }) => fits(template, segments))
  const best = fitting.find(({ template }) => !template.some(isParameter)) ?? fitting[0]
  const route = best?.routes.find((candidate) => candidate.method === method)
  if (best === undefined || route === undefined) return undefined
  const params = best.template.flatMap((part, index) =>
    isParameter(part) ? [[part.slice(1, -1), segments[index] ?? ""] as const] : [],
  )
  return { operation: route.operation, params: Object.fromEntries(params) }
}

/** `/{id}` with the values put in, percent-encoded; the inverse of `matchRoute`. */
export function fillPath(path: string, params: Readonly<Record<string, string>>): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ""))
}

/** The names of a path's parameters, in order. */
export function parameterNames(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name)
}

const isParameter = (part: string) => part.startsWith("{")

// Without `Map.groupBy`: clients may be older than the functions' runtime.
const resources = [...new Set(routes.map(({ path }) => path))].map((path) => ({
  template: path.split("/"),
  routes: routes.filter((route) => route.path === path),
}))

function fits(template: readonly string[], segments: readonly string[]): boolean {
  return (
    template.length === segments.length &&
    template.every((part, index) => (isParameter(part) ? segments[index] !== "" : part === segments[index]))
  )
}

function decodeSegments(path: string): string[] | undefined {
  try {
    return path.split("/").map(decodeURIComponent)
  } catch {
    return undefined
  }
}
