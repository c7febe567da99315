import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from "react"
import type { Client } from "../../../core/client/index.ts"
import { createApi } from "../data/api.ts"
import type { ConsoleConfig } from "./config.ts"
import type { SignInError } from "./oidc.ts"
import { EndedDialog, SignIn } from "./sign-in.tsx"
import { type Viewer, viewerOf } from "./viewer.ts"

/** Who is signed in, and the API as they may use it. */
export interface Session {
  viewer: Viewer
  client: Client
  config: ConsoleConfig
  signOut(): void
}

const SessionContext = createContext<Session | undefined>(undefined)

export function useSession(): Session {
  const session = useContext(SessionContext)
  if (!session) throw new Error("useSession needs SessionGate around it")
  return session
}

interface SessionGateProps {
  config: ConsoleConfig
  /** The token that the page was opened with. */
  firstToken: string | undefined
  /** Why the sign-in that led here failed. */
  signInError: SignInError["reason"] | undefined
  children: ReactNode
}

/** Shows its children to those who are signed in. The token is kept here, in memory, and nowhere else. */
export function SessionGate({ config, firstToken, signInError, children }: SessionGateProps) {
  const token = useRef<string | undefined>(undefined)
  const [viewer, setViewer] = useState<Viewer>()
  const [ended, setEnded] = useState(false)
  const [failure, setFailure] = useState(signInError)
  const [opened, setOpened] = useState(false)

  const client = useMemo(
    () =>
      createApi({
        baseUrl: config.apiUrl,
        token: () => token.current ?? "",
        onSessionEnded: () => setEnded(true),
      }),
    [config],
  )

  /** False where the text is no token of someone, or in a session that has ended, of somebody else. */
  function adopt(text: string): boolean {
    const next = viewerOf(text, config.claims)
    if (!next) return false
    if (viewer && (next.platformId !== viewer.platformId || next.subject !== viewer.subject)) return false
    token.current = text
    setViewer(next)
    setOpened(true)
    setEnded(false)
    return true
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: only the token that the page was opened with
  useEffect(() => {
    if (firstToken !== undefined && !adopt(firstToken)) setFailure("token")
  }, [firstToken])

  if (!viewer) {
    // Adopted in a moment: the form must not flash up meanwhile.
    if (firstToken !== undefined && !opened && failure === undefined) return null
    return <SignIn config={config} failure={failure} onToken={adopt} />
  }
  const session: Session = {
    viewer,
    client,
    config,
    signOut() {
      token.current = undefined
      setViewer(undefined)
      setFailure(undefined)
      setEnded(false)
    },
  }
  return (
    <SessionContext value={session}>
      {children}
      {ended && <EndedDialog config={config} onToken={adopt} onSignOut={session.signOut} />}
    </SessionContext>
  )
}
