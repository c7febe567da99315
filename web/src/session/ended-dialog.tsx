import { useEffect, useRef, useState } from "react"
import { strings } from "../strings.ts"
import { Button } from "../ui/button.tsx"
import { Dialog } from "../ui/dialog.tsx"
import type { Oidc, TabSignIn } from "./oidc.ts"
import { awaitHandOver } from "./other-tab.ts"
import { reasonOf, SignInProblem, type SignInProps, TokenForm } from "./sign-in.tsx"
import type { SignInError } from "./sign-in-error.ts"

interface EndedDialogProps extends SignInProps {
  onSignOut(): void
}

/** Over the page as it stood when the API no longer took the token, so that nothing typed is lost. */
export function EndedDialog({ config, oidc, onTokens, onSignOut }: EndedDialogProps) {
  return (
    <Dialog title={strings.signIn.endedTitle} size="small" onClose={onSignOut}>
      <p>{oidc ? strings.signIn.endedIssuer : strings.signIn.ended}</p>
      {oidc ? (
        <OtherTab oidc={oidc} onTokens={onTokens} />
      ) : (
        <TokenForm config={config} onTokens={onTokens} />
      )}
      <p className="muted small">{strings.signIn.orSignOut}</p>
    </Dialog>
  )
}

/** A link to the issuer in another tab, which hands over what comes of it. */
function OtherTab({ oidc, onTokens }: { oidc: Oidc } & Pick<SignInProps, "onTokens">) {
  const [signIn, setSignIn] = useState<TabSignIn>()
  const [failure, setFailure] = useState<SignInError["reason"]>()
  /** Each sign-in can be tried once. */
  const [round, setRound] = useState(0)
  const adopt = useRef(onTokens)
  adopt.current = onTokens

  // biome-ignore lint/correctness/useExhaustiveDependencies: another round begins another sign-in
  useEffect(() => {
    let stop = () => {}
    let stopped = false
    setSignIn(undefined)
    oidc.beginInTab().then(
      (begun) => {
        if (stopped) return
        setSignIn(begun)
        stop = awaitHandOver(begun.state, async (query) => {
          const reason = await begun.complete(query).then((tokens) => adopt.current(tokens), reasonOf)
          if (!stopped && reason) {
            setFailure(reason)
            setRound((before) => before + 1)
          }
          return reason
        })
      },
      (error: unknown) => !stopped && setFailure(reasonOf(error)),
    )
    return () => {
      stopped = true
      stop()
    }
  }, [oidc, round])

  const words = strings.signIn
  return (
    <>
      {failure && <SignInProblem reason={failure} />}
      {signIn ? (
        <a className="button primary" href={signIn.url} target="_blank" rel="noreferrer">
          {words.withIssuer}
          <span className="visually-hidden"> {strings.common.opensNewTab}</span>
        </a>
      ) : (
        <Button kind="primary" busy={failure === undefined} onClick={() => setRound((before) => before + 1)}>
          {failure === undefined ? words.preparing : strings.common.retry}
        </Button>
      )}
    </>
  )
}
