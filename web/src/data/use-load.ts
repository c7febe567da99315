import { useCallback, useEffect, useRef, useState } from "react"

export interface Loaded<Data> {
  /** What came last: kept while it is loaded again, and where that fails. */
  data: Data | undefined
  error: unknown
  loading: boolean
  reload(): void
  /** Puts what is known meanwhile in the place of what was loaded. */
  replace(change: (data: Data) => Data): void
}

/** Loads data when the component appears and when `key` changes; an answer that is no longer wanted is dropped. */
export function useLoad<Data>(key: string, load: (signal: AbortSignal) => Promise<Data>): Loaded<Data> {
  const [state, setState] = useState<{ key: string; data?: Data; error?: unknown; loading: boolean }>({
    key,
    loading: true,
  })
  const [round, setRound] = useState(0)
  const latest = useRef(load)
  latest.current = load

  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` and `round` say when to load, `load` is made anew on each render
  useEffect(() => {
    const controller = new AbortController()
    setState((before) => ({ ...(before.key === key && before), key, error: undefined, loading: true }))
    latest.current(controller.signal).then(
      (data) => !controller.signal.aborted && setState({ key, data, loading: false }),
      (error: unknown) =>
        !controller.signal.aborted && setState((before) => ({ ...before, error, loading: false })),
    )
    return () => controller.abort()
  }, [key, round])

  const reload = useCallback(() => setRound((before) => before + 1), [])
  const replace = useCallback(
    (change: (data: Data) => Data) =>
      setState((before) => (before.data === undefined ? before : { ...before, data: change(before.data) })),
    [],
  )
  const current = state.key === key ? state : { loading: true as const, data: undefined, error: undefined }
  return { data: current.data, error: current.error, loading: current.loading, reload, replace }
}
