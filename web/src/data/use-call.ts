import { useCallback, useEffect, useRef, useState } from "react"

export type CallState<Result> =
  | { status: "idle" }
  | { status: "busy" }
  | { status: "done"; result: Result }
  | { status: "failed"; error: unknown }

/** One call at a time, made by a person: `run` starts it and drops what came of the one before. */
export function useCall<Result>() {
  const [state, setState] = useState<CallState<Result>>({ status: "idle" })
  const current = useRef<AbortController | undefined>(undefined)

  useEffect(() => () => current.current?.abort(), [])

  const run = useCallback(
    async (call: (signal: AbortSignal) => Promise<Result>): Promise<Result | undefined> => {
      current.current?.abort()
      const controller = new AbortController()
      current.current = controller
      setState({ status: "busy" })
      try {
        const result = await call(controller.signal)
        if (controller.signal.aborted) return undefined
        setState({ status: "done", result })
        return result
      } catch (error) {
        if (!controller.signal.aborted) setState({ status: "failed", error })
        return undefined
      }
    },
    [],
  )

  const reset = useCallback(() => {
    current.current?.abort()
    setState({ status: "idle" })
  }, [])

  return { state, run, reset }
}
