import type { ClaimNames } from "./config.ts"
import type { Tokens } from "./issuer.ts"
import { SignInError } from "./sign-in-error.ts"
import { type Viewer, viewerOf } from "./viewer.ts"

/** What somebody is signed in with: an access token alone where it was pasted or came with the address. */
export type Held = Tokens | Pick<Tokens, "access">

export interface CredentialsDeps {
  claims: Partial<ClaimNames> | undefined
  /** Gets the next tokens; absent where there is no issuer to get them from. */
  refresh?: (tokens: Tokens) => Promise<Tokens>
  /** Who is signed in now, and as what; nobody after `drop`. */
  onViewer(viewer: Viewer | undefined): void
  /** The session has ended, and somebody has to sign in again. */
  onEnded(): void
}

/**
 * The token with which the API is called, in memory alone, and how the next one is come by when it is no longer taken: by the
 * issuer without anybody noticing, else by the person, for whom the calls wait that it was not taken for.
 */
export function createCredentials({ claims, refresh, onViewer, onEnded }: CredentialsDeps) {
  let held: Held | undefined
  /** The access tokens of this session: a call made with another's is not made again in this one's name. */
  const ofSession = new Set<string>()
  let viewer: Viewer | undefined
  let refreshing: Promise<void> | undefined
  let signingIn: PromiseWithResolvers<void> | undefined

  /**
   * Takes the tokens over.
   * @throws SignInError `token` where they say nothing of a platform, `person` where another session is under way than theirs
   */
  function hold(next: Held): void {
    const found = viewerOf(next.access, claims)
    if (!found) throw new SignInError("token")
    if (viewer && (found.platformId !== viewer.platformId || found.subject !== viewer.subject))
      throw new SignInError("person")
    held = next
    ofSession.add(next.access)
    viewer = found
    onViewer(found)
    signingIn?.resolve()
    signingIn = undefined
  }

  /** Ends the session. What waits for somebody to sign in is answered as it was. */
  function drop(): Held | undefined {
    const before = held
    held = undefined
    ofSession.clear()
    viewer = undefined
    onViewer(undefined)
    signingIn?.resolve()
    signingIn = undefined
    return before
  }

  /** Another token than this one, if it can be had from the issuer. */
  async function refreshed(rejected: string): Promise<string | undefined> {
    if (held && "refresh" in held && held.access === rejected && refresh) {
      refreshing ??= renew(held, refresh).finally(() => {
        refreshing = undefined
      })
      await refreshing
    }
    return other(rejected)
  }

  /** Another token than this one, once somebody has signed in again. @throws the signal's reason */
  async function signedIn(rejected: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    if (held === undefined || held.access !== rejected) return other(rejected)
    signingIn ??= Promise.withResolvers<void>()
    onEnded()
    await Promise.race([signingIn.promise, abortionOf(signal)])
    return other(rejected)
  }

  async function renew(tokens: Tokens, next: NonNullable<typeof refresh>): Promise<void> {
    try {
      const fresh = await next(tokens)
      // Somebody may have signed out meanwhile.
      if (held === tokens) hold(fresh)
    } catch (error) {
      if (!(error instanceof SignInError)) throw error
      // A refresh token is good once: what is left is of no use, unless the issuer was not even reached.
      if (error.reason !== "reply" && held === tokens) held = { access: tokens.access }
    }
  }

  const other = (rejected: string) =>
    held?.access === rejected || !ofSession.has(rejected) ? undefined : held?.access

  return { token: () => held?.access ?? "", hold, drop, refreshed, signedIn }
}

export type Credentials = ReturnType<typeof createCredentials>

function abortionOf(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason)
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true })
  })
}
