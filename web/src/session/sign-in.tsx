import { type FormEvent, useState } from "react"
import { strings } from "../strings.ts"
import { Button } from "../ui/button.tsx"
import { Field } from "../ui/field.tsx"
import { Icon } from "../ui/icon.tsx"
import type { ConsoleConfig, SignInConfig } from "./config.ts"
import type { Held } from "./credentials.ts"
import type { Oidc } from "./oidc.ts"
import { SignInError } from "./sign-in-error.ts"
import { viewerOf } from "./viewer.ts"

export interface SignInProps {
  config: ConsoleConfig
  /** Absent in the sandbox, where tokens are pasted. */
  oidc: Oidc | undefined
  /** Why it is not to be had with these; undefined where it is. */
  onTokens(tokens: Held): SignInError["reason"] | undefined
}

/** The page before anything else: the way to the identity provider, or in the sandbox a place for a token. */
export function SignIn({ failure, ...props }: SignInProps & { failure: SignInError["reason"] | undefined }) {
  const { config, oidc } = props
  return (
    <main className="sign-in">
      <div className="card">
        <img src="favicon.svg" alt="" width={40} height={40} />
        <h1>{strings.signIn.title}</h1>
        {failure && <SignInProblem reason={failure} />}
        {config.signIn && oidc ? (
          <IssuerForm signIn={config.signIn} oidc={oidc} />
        ) : (
          <>
            <p className="muted">{strings.signIn.sandbox}</p>
            <TokenForm {...props} />
          </>
        )}
      </div>
    </main>
  )
}

export function SignInProblem({ reason }: Pick<SignInError, "reason">) {
  return (
    <p className="note bad" role="alert">
      <Icon name="alert" />
      {strings.signIn.errors[reason]}
    </p>
  )
}

export const reasonOf = (error: unknown): SignInError["reason"] =>
  error instanceof SignInError ? error.reason : "reply"

function IssuerForm({ signIn, oidc }: { signIn: SignInConfig; oidc: Oidc }) {
  const [going, setGoing] = useState(false)
  const [failure, setFailure] = useState<SignInError["reason"]>()

  async function go() {
    setGoing(true)
    try {
      location.assign(await oidc.begin())
    } catch (error) {
      setFailure(reasonOf(error))
      setGoing(false)
    }
  }

  return (
    <>
      {failure && !going && <SignInProblem reason={failure} />}
      <p className="muted">{strings.signIn.issuer(new URL(signIn.issuer).host)}</p>
      <Button kind="primary" busy={going} onClick={go}>
        {going ? strings.signIn.going : strings.signIn.withIssuer}
      </Button>
    </>
  )
}

export function TokenForm({ config, onTokens }: Omit<SignInProps, "oidc">) {
  const [token, setToken] = useState("")
  const [error, setError] = useState<string>()

  function submit(event: FormEvent) {
    event.preventDefault()
    const text = token.trim()
    const viewer = viewerOf(text, config.claims)
    if (viewer && viewer.expiresAt <= Date.now()) setError(strings.signIn.expiredToken)
    else if (onTokens({ access: text })) setError(strings.signIn.notAToken)
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
