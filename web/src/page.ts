import { useSyncExternalStore } from "react"

export type PageName = "connections" | "picker" | "resolve"

/** The page that the address names after `#/`: a static site needs no server for that. */
export function usePage(): PageName {
  return useSyncExternalStore(subscribe, current)
}

function subscribe(onChange: () => void): () => void {
  addEventListener("hashchange", onChange)
  return () => removeEventListener("hashchange", onChange)
}

function current(): PageName {
  const name = location.hash.slice(2)
  return name === "picker" || name === "resolve" ? name : "connections"
}
