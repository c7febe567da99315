import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react"
import type { Client } from "../../../core/client/index.ts"
import { createApi } from "../data/api.ts"
import type { ConsoleConfig } from "./config.ts"
import { createCredentials, type Held } from "./credentials.ts"
import { EndedDialog } from "./ended-dialog.tsx"
import type { Oidc } from "./oidc.ts"
import { SignIn } from "./sign-in.tsx"
import { SignInError } from "./sign-in-error.ts"
import type { Viewer } from "./viewer.ts"

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
  /** How people sign in; absent in the sandbox. */
  oidc: Oidc | undefined
  /** What the page was opened with. */
  first: Held | undefined
  /** Why the sign-in that led here failed. */
  signInError: SignInError["reason"] | undefined
  children: ReactNode
}

/** Shows its children to those who are signed in, and asks them to sign in again over the page as it stands. */
export function SessionGate({ config, oidc, first, signInError, children }: SessionGateProps) {
  const [viewer, setViewer] = useState<Viewer>()
  const [ended, setEnded] = useState(false)
  const [failure, setFailure] = useState(signInError)
  // What the page was opened with is adopted in a moment: the form must not flash up meanwhile.
  const [opened, setOpened] = useState(first === undefined)

  const { credentials, client } = useMemo(() => {
    const credentials = createCredentials({
      claims: config.claims,
      ...(oidc && { refresh: oidc.refresh }),
      onViewer(next) {
        setViewer(next)
        setEnded(false)
      },
      onEnded: () => setEnded(true),
    })
    return { credentials, client: createApi({ baseUrl: config.apiUrl, credentials }) }
  }, [config, oidc])

  /** Why it is not to be had with these; undefined where it is. */
  function adopt(tokens: Held): SignInError["reason"] | undefined {
    try {
      credentials.hold(tokens)
      return undefined
    } catch (error) {
      if (error instanceof SignInError) return error.reason
      throw error
    }
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: only what the page was opened with
  useEffect(() => {
    if (first) setFailure(adopt(first))
    setOpened(true)
  }, [first])

  if (!opened) return null
  if (!viewer) return <SignIn config={config} oidc={oidc} failure={failure} onTokens={adopt} />
  const session: Session = {
    viewer,
    client,
    config,
    signOut() {
      const held = credentials.drop()
      setFailure(undefined)
      if (held && "refresh" in held && held.refresh !== undefined) void oidc?.revoke(held.refresh)
    },
  }
  return (
    <SessionContext value={session}>
      {children}
      {ended && <EndedDialog config={config} oidc={oidc} onTokens={adopt} onSignOut={session.signOut} />}
    </SessionContext>
  )
}
