import { useEffect, useRef } from "react"
import { AuditPage } from "./audit/audit-page.tsx"
import { ConnectionsPage } from "./connections/connections-page.tsx"
import { type PageName, usePage } from "./page.ts"
import { ResolvePage } from "./resolve/resolve-page.tsx"
import type { ConsoleConfig } from "./session/config.ts"
import type { Held } from "./session/credentials.ts"
import type { Oidc } from "./session/oidc.ts"
import { SessionGate, useSession } from "./session/session.tsx"
import type { SignInError } from "./session/sign-in-error.ts"
import { strings } from "./strings.ts"
import { TryPage } from "./try/try-page.tsx"
import { Announcer } from "./ui/announcer.tsx"
import { Button } from "./ui/button.tsx"
import { useFocusRescue } from "./ui/use-focus-rescue.ts"

interface AppProps {
  config: ConsoleConfig
  oidc: Oidc | undefined
  first: Held | undefined
  signInError: SignInError["reason"] | undefined
}

export function App(props: AppProps) {
  return (
    <Announcer>
      <SessionGate {...props}>
        <Shell />
      </SessionGate>
    </Announcer>
  )
}

/** Pages that have nothing for others: no link leads them there. */
const forAdmins: readonly PageName[] = ["audit"]

/** Instead of everything, where nothing can work. */
export function SetupFailure({ message }: { message: string }) {
  return (
    <main className="sign-in">
      <div className="card">
        <h1>{strings.signIn.configTitle}</h1>
        <p>{strings.signIn.config}</p>
        <p className="note bad">{message}</p>
      </div>
    </main>
  )
}

/** In a tab that was opened to sign in for another page, once that is done. */
export function SignedInTab() {
  return (
    <main className="sign-in">
      <div className="card">
        <h1>{strings.signIn.doneTitle}</h1>
        <p>{strings.signIn.done}</p>
      </div>
    </main>
  )
}

const pages = {
  connections: ConnectionsPage,
  picker: TryPage,
  resolve: ResolvePage,
  audit: AuditPage,
} satisfies Record<PageName, () => unknown>

function Shell() {
  useFocusRescue()
  const page = usePage()
  const Page = pages[page]
  const main = useRef<HTMLElement>(null)
  const shown = useRef(page)

  useEffect(() => {
    document.title = `${strings.pages[page]} · ${strings.product}`
    // A page of its own to a screen reader too; the first one is read from the top anyway.
    if (shown.current !== page) main.current?.querySelector<HTMLElement>("h1")?.focus()
    shown.current = page
  }, [page])

  return (
    <>
      <Button kind="quiet" id="skip" onClick={() => main.current?.querySelector<HTMLElement>("h1")?.focus()}>
        {strings.skipToContent}
      </Button>
      <header className="top">
        <div className="top-inner">
          <span className="brand">
            <img src="favicon.svg" alt="" width={24} height={24} />
            {strings.product}
          </span>
          <Navigation page={page} />
          <Account />
        </div>
      </header>
      <main className="page" ref={main}>
        <Page />
      </main>
    </>
  )
}

function Navigation({ page }: { page: PageName }) {
  const { viewer } = useSession()
  const shown = (Object.keys(pages) as PageName[]).filter(
    (name) => viewer.isAdmin || !forAdmins.includes(name),
  )
  return (
    <nav aria-label={strings.pages.label}>
      {shown.map((name) => (
        <a key={name} href={`#/${name}`} aria-current={name === page ? "page" : undefined}>
          {strings.pages[name]}
        </a>
      ))}
    </nav>
  )
}

function Account() {
  const { viewer, signOut } = useSession()
  const { roles } = strings.account
  const kinds = [viewer.isAdmin && roles.admin, viewer.isService && roles.service].filter(Boolean)
  return (
    <div className="account">
      <div className="who">
        <span className="subject">{viewer.subject}</span>
        <span className="muted small">
          {strings.account.platform(viewer.platformId)} · {kinds.join(", ") || roles.member}
        </span>
      </div>
      <Button kind="quiet" onClick={signOut}>
        {strings.account.signOut}
      </Button>
    </div>
  )
}
