import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { App, SetupFailure } from "./app.tsx"
import { type ConsoleConfig, loadConfig } from "./session/config.ts"
import { createOidc, SignInError } from "./session/oidc.ts"

interface Opening {
  token?: string
  signInError?: SignInError["reason"]
}

const tokenHash = "#token="
const isTokenHash = (hash: string) => hash.startsWith(tokenHash)

const element = document.getElementById("root")
if (element) await start(element)

async function start(element: HTMLElement): Promise<void> {
  const root = createRoot(element)
  // Before anything that takes time: what brought a token must not stay in the address.
  const { hash, search } = location
  history.replaceState(null, "", location.pathname + (isTokenHash(hash) ? "" : hash))
  try {
    const config = await loadConfig()
    const { token, signInError } = await open(config, hash, new URLSearchParams(search))
    root.render(
      <StrictMode>
        <App config={config} firstToken={token} signInError={signInError} />
      </StrictMode>,
    )
  } catch (error) {
    root.render(<SetupFailure message={error instanceof Error ? error.message : String(error)} />)
  }
}

/** How the page was opened: by the sandbox's link, by an issuer that sends somebody back, or neither. */
async function open(config: ConsoleConfig, hash: string, query: URLSearchParams): Promise<Opening> {
  // Deployed, a link with a token in it could only be somebody else's: a trap to make people work in another's name.
  if (!config.signIn) return isTokenHash(hash) ? { token: hash.slice(tokenHash.length) } : {}
  try {
    const oidc = createOidc(config.signIn, {
      storage: sessionStorage,
      send: fetch.bind(window),
      now: Date.now,
    })
    const token = await oidc.complete(query)
    return token === undefined ? {} : { token }
  } catch (error) {
    return { signInError: error instanceof SignInError ? error.reason : "reply" }
  }
}
