import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { App, SetupFailure, SignedInTab } from "./app.tsx"
import { loadConfig } from "./session/config.ts"
import type { Held } from "./session/credentials.ts"
import { createOidc, isForOtherTab, type Oidc } from "./session/oidc.ts"
import { handOver } from "./session/other-tab.ts"
import { SignInError } from "./session/sign-in-error.ts"

interface Opening {
  first?: Held
  /** Whether this tab was there for another page's sign-in alone, and has done its part. */
  handedOver?: true
  signInError?: SignInError["reason"]
}

const tokenHash = "#token="
const isTokenHash = (hash: string) => hash.startsWith(tokenHash)

const element = document.getElementById("root")
if (element) await start(element)

async function start(element: HTMLElement): Promise<void> {
  const root = createRoot(element)
  // Before anything that takes time: what brought a token must not stay in the address.
  const { hash } = location
  const query = new URLSearchParams(location.search)
  history.replaceState(null, "", location.pathname + (isTokenHash(hash) ? "" : hash))
  try {
    const config = await loadConfig()
    const oidc =
      config.signIn &&
      createOidc(config.signIn, { storage: sessionStorage, send: fetch.bind(window), now: Date.now })
    const { first, handedOver, signInError } = await open(oidc, hash, query)
    if (handedOver) {
      root.render(<SignedInTab />)
      // Not every browser lets a page close a tab that somebody opened.
      return close()
    }
    root.render(
      <StrictMode>
        <App config={config} oidc={oidc} first={first} signInError={signInError} />
      </StrictMode>,
    )
  } catch (error) {
    root.render(<SetupFailure message={error instanceof Error ? error.message : String(error)} />)
  }
}

/** How the page was opened: by the sandbox's link, by an issuer that sends somebody back, or neither. */
async function open(oidc: Oidc | undefined, hash: string, query: URLSearchParams): Promise<Opening> {
  // Deployed, a link with a token in it could only be somebody else's: a trap to make people work in another's name.
  if (!oidc) return isTokenHash(hash) ? { first: { access: hash.slice(tokenHash.length) } } : {}
  try {
    if (isForOtherTab(query)) {
      await handOver(query)
      return { handedOver: true }
    }
    const first = await oidc.complete(query)
    return first ? { first } : {}
  } catch (error) {
    return { signInError: error instanceof SignInError ? error.reason : "reply" }
  }
}
