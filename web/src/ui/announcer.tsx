import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from "react"
import { strings } from "../strings.ts"
import { IconButton } from "./button.tsx"

const AnnounceContext = createContext<(message: string) => void>(() => {})

/** Says that something was done: seen at the bottom of the page, and heard. */
export const useAnnounce = () => useContext(AnnounceContext)

const shownForMs = 6000

export function Announcer({ children }: { children: ReactNode }) {
  const [message, setMessage] = useState<{ text: string; id: number }>()
  const announce = useCallback(
    (text: string) => setMessage((before) => ({ text, id: (before?.id ?? 0) + 1 })),
    [],
  )

  useEffect(() => {
    if (!message) return
    const timer = setTimeout(() => setMessage(undefined), shownForMs)
    return () => clearTimeout(timer)
  }, [message])

  return (
    <AnnounceContext value={announce}>
      {children}
      <div className="announcer" role="status">
        {message && (
          <p className="announcement" key={message.id}>
            {message.text}
            <IconButton icon="close" label={strings.common.dismiss} onClick={() => setMessage(undefined)} />
          </p>
        )}
      </div>
    </AnnounceContext>
  )
}
