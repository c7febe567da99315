import { useCallback, useEffect, useRef, useState } from "react"

/** As the API gives lists: a page may be empty and still have a `next`. */
export interface Page<Item> {
  data: readonly Item[]
  next: string | null
}

export interface Pages<Item> {
  /** What has come so far. */
  items: readonly Item[]
  /** Whether that is everything. */
  complete: boolean
  loading: boolean
  /** Why it did not go on; `more` tries again. */
  error: unknown
  /** Goes on where it ended. */
  more(): void
  /** Leaves it at what has come. */
  stop(): void
  /** Begins anew. */
  reload(): void
}

interface State<Item> {
  key: string
  items: readonly Item[]
  /** Where to go on: undefined at the beginning, null at the end. */
  next: string | null | undefined
  loading: boolean
  error: unknown
}

/**
 * Loads a list page by page, when the component appears and when `key` changes, until there are `atOnce` items more or
 * there is no more of it.
 */
export function usePages<Item>(
  key: string,
  load: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<Item>>,
  atOnce: number,
): Pages<Item> {
  const fresh: State<Item> = { key, items: [], next: undefined, loading: true, error: undefined }
  const [state, setState] = useState(fresh)
  const [round, setRound] = useState(0)
  const running = useRef<AbortController | undefined>(undefined)
  const latest = useRef(load)
  latest.current = load
  const current = state.key === key ? state : fresh

  async function run(from: State<Item>): Promise<void> {
    running.current?.abort()
    const controller = new AbortController()
    running.current = controller
    const { signal } = controller
    const loadPage = latest.current
    let { items, next } = from
    const enough = items.length + atOnce
    setState({ ...from, loading: true, error: undefined })
    try {
      do {
        const page = await loadPage(next ?? undefined, signal)
        if (signal.aborted) return
        items = page.data.length > 0 ? [...items, ...page.data] : items
        next = page.next
        setState({ key, items, next, loading: next !== null && items.length < enough, error: undefined })
      } while (next !== null && items.length < enough)
    } catch (error) {
      if (!signal.aborted) setState({ key, items, next, loading: false, error })
    }
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` and `round` say when to load, all else is made anew on each render
  useEffect(() => {
    void run(fresh)
    return () => running.current?.abort()
  }, [key, round])

  return {
    items: current.items,
    complete: current.next === null,
    loading: current.loading,
    error: current.error,
    more: () => void run(current),
    stop() {
      running.current?.abort()
      setState((before) => ({ ...before, loading: false }))
    },
    reload: useCallback(() => setRound((before) => before + 1), []),
  }
}
