import type { Clock } from "../../core/clock.ts"
import { ProviderError } from "../../core/errors.ts"
import type {
  HttpClient,
  HttpClientFactory,
  HttpRequest,
  HttpResponse,
  Phase,
} from "../../core/network/http.ts"
import type {
  ProviderClient,
  ProviderDeps,
  SecretRef,
  Session,
  Sessions,
} from "../../core/providers/provider.ts"
import { type MovedClock, movedClock } from "../support/moved-clock.ts"

/** Sessions as one instance without Redis keeps them, of one connection. */
export interface MemorySessions extends Sessions {
  logins: number
  session: Session | undefined
}

export function memorySessions(clock: Clock): MemorySessions {
  const sessions: MemorySessions = {
    logins: 0,
    session: undefined,
    async current(login, signal) {
      if (sessions.session && sessions.session.expiresAt > clock.now()) return sessions.session
      sessions.logins++
      sessions.session = await login(signal)
      return sessions.session
    },
    async replace(rejected, login, signal) {
      if (sessions.session && sessions.session.token !== rejected.token) return sessions.session
      sessions.logins++
      sessions.session = await login(signal)
      return sessions.session
    },
    async note(session, notes) {
      const noted = { ...session, notes: { ...session.notes, ...notes } }
      if (sessions.session?.token === session.token) sessions.session = noted
      return noted
    },
  }
  return sessions
}

export interface TestDeps extends ProviderDeps {
  clock: MovedClock
  sessions: MemorySessions
}

export function testDeps(http: HttpClientFactory, clock = movedClock()): TestDeps {
  return {
    http,
    clock,
    sessions: memorySessions(clock),
    platformId: "acme",
  }
}

/** What each reference gives, or the reason why it gives nothing. */
export async function outcomesOf(
  client: ProviderClient,
  references: readonly SecretRef[],
  signal: AbortSignal,
): Promise<string[]> {
  const results = await client.fetch(
    references.map(({ document }) => document),
    signal,
  )
  return references.map(({ document, select }) => {
    const result = results.get(document)
    return result?.ok ? select(result.content) : (result?.error.reason ?? "nothing")
  })
}

/** JSON that nests deeper than what calls itself for each level can go. */
export const deep = "[".repeat(20_000) + "]".repeat(20_000)

/** What a scripted server answers: a status with a JSON body, or text as it is. */
export interface Scripted {
  status: number
  body?: unknown
  headers?: Record<string, string>
  retryAfterMs?: number
  /** How far the request comes, if not to the server. */
  phases?: readonly Phase[]
  /** Thrown instead of an answer. */
  error?: Error
}

/** An HTTP client that answers from a function and remembers what it was asked, by method, path and query. */
export function scriptedHttp(answer: (request: HttpRequest, line: string) => Scripted | Promise<Scripted>) {
  const requests: (HttpRequest & { line: string })[] = []
  const client: HttpClient = {
    async request(request): Promise<HttpResponse> {
      request.signal.throwIfAborted()
      const { pathname, search } = new URL(request.url)
      const line = `${request.method} ${pathname}${search}`
      requests.push({ ...request, line })
      const { status, body, headers = {}, retryAfterMs, phases, error } = await answer(request, line)
      for (const phase of phases ?? (["reach", "TLS"] as const)) request.onPhase?.(phase)
      if (error) throw error
      const text = typeof body === "string" ? body : body === undefined ? "" : JSON.stringify(body)
      return {
        status,
        headers,
        body: Buffer.from(text),
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      }
    },
  }
  return { requests, lines: () => requests.map(({ line }) => line), factory: () => client }
}

/** What the network says of an answer beyond what was asked for. */
export const oversized = (operation: string) =>
  new ProviderError("PROVIDER_ERROR", "The answer is larger than …", {
    upstream: { operation, status: 200 },
    oversized: true,
  })
