import { type FormEvent, useState } from "react"
import { strings } from "../strings.ts"
import { Button } from "../ui/button.tsx"
import { Dialog } from "../ui/dialog.tsx"
import { Field } from "../ui/field.tsx"
import { Icon } from "../ui/icon.tsx"
import type { ConsoleConfig, SignInConfig } from "./config.ts"
import { createOidc, SignInError } from "./oidc.ts"
import { viewerOf } from "./viewer.ts"

interface SignInProps {
  config: ConsoleConfig
  failure: SignInError["reason"] | undefined
  /** False where it is not to be had with this token. */
  onToken(token: string): boolean
}

/** The page before anything else: the way to the identity provider, or in the sandbox a place for a token. */
export function SignIn({ config, failure, onToken }: SignInProps) {
  return (
    <main className="sign-in">
      <div className="card">
        <img src="favicon.svg" alt="" width={40} height={40} />
        <h1>{strings.signIn.title}</h1>
        {failure && (
          <p className="note bad" role="alert">
            <Icon name="alert" />
            {strings.signIn.errors[failure]}
          </p>
        )}
        {config.signIn ? (
          <IssuerForm signIn={config.signIn} />
        ) : (
          <>
            <p className="muted">{strings.signIn.sandbox}</p>
            <TokenForm config={config} onToken={onToken} />
          </>
        )}
      </div>
    </main>
  )
}

interface EndedDialogProps extends Omit<SignInProps, "failure"> {
  onSignOut(): void
}

/** Over the page as it stood when the API no longer took the token, so that nothing typed is lost. */
export function EndedDialog({ config, onToken, onSignOut }: EndedDialogProps) {
  return (
    <Dialog title={strings.signIn.endedTitle} size="small" onClose={onSignOut}>
      {config.signIn ? (
        <>
          <p>{strings.signIn.endedIssuer}</p>
          <IssuerForm signIn={config.signIn} />
        </>
      ) : (
        <>
          <p>{strings.signIn.ended}</p>
          <TokenForm config={config} onToken={onToken} />
        </>
      )}
    </Dialog>
  )
}

function IssuerForm({ signIn }: { signIn: SignInConfig }) {
  const [state, setState] = useState<"idle" | "going" | SignInError["reason"]>("idle")

  async function go() {
    setState("going")
    try {
      const oidc = createOidc(signIn, { storage: sessionStorage, send: fetch.bind(window), now: Date.now })
      location.assign(await oidc.begin())
    } catch (error) {
      setState(error instanceof SignInError ? error.reason : "reply")
    }
  }

  return (
    <>
      {state !== "idle" && state !== "going" && (
        <p className="note bad" role="alert">
          <Icon name="alert" />
          {strings.signIn.errors[state]}
        </p>
      )}
      <p className="muted">{strings.signIn.issuer(new URL(signIn.issuer).host)}</p>
      <Button kind="primary" busy={state === "going"} onClick={go}>
        {state === "going" ? strings.signIn.going : strings.signIn.withIssuer}
      </Button>
    </>
  )
}

function TokenForm({ config, onToken }: Omit<SignInProps, "failure">) {
  const [token, setToken] = useState("")
  const [error, setError] = useState<string>()

  function submit(event: FormEvent) {
    event.preventDefault()
    const text = token.trim()
    const viewer = viewerOf(text, config.claims)
    if (viewer && viewer.expiresAt <= Date.now()) setError(strings.signIn.expiredToken)
    else if (!onToken(text)) setError(strings.signIn.notAToken)
  }

  return (
    <form onSubmit={submit} noValidate>
      <Field label={strings.signIn.token} hint={strings.signIn.tokenHint} error={error}>
        {(control) => (
          <input
            {...control}
            type="password"
            autoComplete="off"
            spellCheck={false}
            value={token}
            data-autofocus
            onChange={(event) => setToken(event.target.value)}
          />
        )}
      </Field>
      <Button kind="primary" type="submit">
        {strings.signIn.useToken}
      </Button>
    </form>
  )
}
