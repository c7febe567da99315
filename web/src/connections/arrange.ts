import { type AnyConnection, isFull } from "../data/api.ts"

/** What of the list is shown, and in which order. */
export interface Arrangement {
  search: string
  providerId: string
  scope: "" | "PLATFORM" | "PROJECT"
  state: "" | ConnectionState
  sort: SortKey
  descending: boolean
}

export type SortKey = "name" | "provider" | "scope" | "status" | "version"

export type ConnectionState = "connected" | "failing" | "unknown"

export const noArrangement: Arrangement = {
  search: "",
  providerId: "",
  scope: "",
  state: "",
  sort: "name",
  descending: false,
}

/** Connections that fit, sorted; those that sort alike stand by name. */
export function arrange(
  connections: readonly AnyConnection[],
  arrangement: Arrangement,
  providerName: (id: string) => string,
): AnyConnection[] {
  const { providerId, scope, state, sort, descending } = arrangement
  const words = arrangement.search.toLowerCase().split(/\s+/).filter(Boolean)
  const order = descending ? -1 : 1
  const keyOf = (connection: AnyConnection): string | number => {
    switch (sort) {
      case "name":
        return connection.name
      case "provider":
        return providerName(connection.providerId)
      case "scope":
        return connection.projectIds?.length ?? -1
      case "status":
        return stateOrder.indexOf(stateOf(connection))
      case "version":
        return isFull(connection) ? connection.version : 0
    }
  }
  return connections
    .filter(
      (connection) =>
        (providerId === "" || connection.providerId === providerId) &&
        (scope === "" || connection.scope === scope) &&
        (state === "" || stateOf(connection) === state) &&
        words.every((word) => textOf(connection, providerName).includes(word)),
    )
    .sort((a, b) => order * compare(keyOf(a), keyOf(b)) || compare(a.name, b.name) || compare(a.id, b.id))
}

/** In one word. A member is told no more than connected or not, so the rest is unknown to them. */
export function stateOf(connection: AnyConnection): ConnectionState {
  if (connection.connection.connected) return "connected"
  if (!isFull(connection)) return "unknown"
  const { checkedAt, configured, error } = connection.connection
  return checkedAt !== undefined || !configured || (error !== undefined && error.reason !== "TIMEOUT")
    ? "failing"
    : "unknown"
}

/** Worst first. */
const stateOrder: readonly ConnectionState[] = ["failing", "unknown", "connected"]

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" })

const compare = (a: string | number, b: string | number) =>
  typeof a === "number" && typeof b === "number" ? a - b : collator.compare(String(a), String(b))

function textOf(connection: AnyConnection, providerName: (id: string) => string): string {
  const { id, name, providerId, projectIds = [] } = connection
  return [id, name, providerName(providerId), ...projectIds].join(" ").toLowerCase()
}
