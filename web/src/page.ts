import { useSyncExternalStore } from "react"

const names = ["connections", "picker", "resolve", "audit"] as const

export type PageName = (typeof names)[number]

/** The page that the address names after `#/`: a static site needs no server for that. */
export function usePage(): PageName {
  return useSyncExternalStore(subscribe, current)
}

function subscribe(onChange: () => void): () => void {
  addEventListener("hashchange", onChange)
  return () => removeEventListener("hashchange", onChange)
}

function current(): PageName {
  return names.find((name) => name === location.hash.slice(2)) ?? "connections"
}
