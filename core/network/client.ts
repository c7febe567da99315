import { createHash } from "node:crypto"
import type { Clock } from "../clock.ts"
import { ProviderError } from "../errors.ts"
import { type Resolve, systemResolve } from "./connect.ts"
import { exchange } from "./exchange.ts"
import { Failure } from "./failure.ts"
import { outgoingHeaders } from "./headers.ts"
import type { HttpClientFactory, HttpRequest, HttpResponse, Phase } from "./http.ts"
import { createGuard, type OutboundPolicy } from "./policy.ts"
import { createPools } from "./pool.ts"
import { isRepeatable, retryAfter, retryDelay } from "./retry.ts"

export interface Timeouts {
  /** Finding the name, TCP and TLS together. @default 3,000 ms */
  connectMs: number
  /** One attempt, from the name to the last byte of the answer. @default 5,000 ms */
  requestMs: number
  /** A request with all its attempts and waits. @default 15,000 ms */
  overallMs: number
  /** How long a socket stays open unused. @default 30,000 ms */
  idleMs: number
}

export interface NetworkOptions {
  policy: OutboundPolicy
  clock: Clock
  /** How names become addresses; the system's way unless a test says otherwise. */
  resolve?: Resolve
  timeouts?: Partial<Timeouts>
  /** How many pairs of connection and origin keep sockets. @default 256 */
  maxPools?: number
}

export interface ClientOptions {
  platformId: string
  /** Names the connection in the state in which it is: sockets and TLS sessions are never shared beyond it. */
  connectionKey: string
  /** The first one included. @default 3 */
  attempts?: number
  /** Run before anything is sent, for retries and redirects too: renews a lease. What it throws ends the request as it is. */
  beforeRequest?: (signal: AbortSignal) => Promise<void>
  /** Instead of `timeouts.requestMs`. Also the longest wait that a `Retry-After` is granted. */
  requestTimeoutMs?: number
}

export interface Network {
  client(options: ClientOptions): HttpClientFactory
  /** Closes all sockets; requests under way fail. */
  close(): void
}

const defaults: Timeouts = { connectMs: 3_000, requestMs: 5_000, overallMs: 15_000, idleMs: 30_000 }
const mebibyte = 1_048_576

/** Servers close idle connections when they like; a request that must not be sent twice takes no such risk. */
const freshMs = 2_000

/**
 * The only way out to addresses that admins type. It reads no environment, follows no proxy, and connects only where the
 * policy permits.
 *
 * @throws Error where an exception of the policy is no network
 */
export function createNetwork(options: NetworkOptions): Network {
  const { clock, resolve = systemResolve, maxPools = 256 } = options
  const timeouts = { ...defaults, ...options.timeouts }
  const guard = createGuard(options.policy)
  const pools = createPools({
    guard,
    resolve,
    clock,
    connectTimeoutMs: timeouts.connectMs,
    idleMs: timeouts.idleMs,
    maxPools,
  })

  function client(options: ClientOptions): HttpClientFactory {
    const { platformId, connectionKey, attempts = 3, beforeRequest } = options
    const requestMs = options.requestTimeoutMs ?? timeouts.requestMs

    return ({ caCertificate }) => {
      const digest = caCertificate && createHash("sha256").update(caCertificate).digest("base64")
      const tenant = JSON.stringify([platformId, connectionKey, digest])

      /** One request and its answer, within the time of one attempt. */
      async function send(
        url: string,
        request: HttpRequest,
        timeoutMs: number,
        onPhase: (phase: Phase) => void,
      ) {
        const destination = guard.destination(url, request.operation)
        const message = {
          method: request.method,
          headers: outgoingHeaders(request),
          body: request.body,
          maxBytes: request.maxBytes ?? mebibyte,
          acceptEncoding: request.acceptEncoding ?? "identity",
        }
        await beforeRequest?.(request.signal)
        request.signal.throwIfAborted()
        const pool = pools.get(tenant, destination, caCertificate)
        pool.dropIdle(isRepeatable(request) ? timeouts.idleMs : Math.min(freshMs, timeouts.idleMs))
        return withDeadline(request.signal, clock.timeout(timeoutMs), async (signal) => {
          const response = await exchange(pool, message, { destination, platformId, signal, onPhase })
          const wait = retryAfter(response.headers["retry-after"], clock.now())
          if (wait !== undefined) response.retryAfterMs = wait
          return response
        })
      }

      /** Follows one redirect, within the origin. */
      async function attempt(request: HttpRequest, timeoutMs: number, onPhase: (phase: Phase) => void) {
        const started = clock.now()
        const response = await send(request.url, request, timeoutMs, onPhase)
        const target = redirectTarget(request, response)
        if (target === undefined) return response
        const second = await send(target, request, Math.max(1, timeoutMs - (clock.now() - started)), onPhase)
        if (redirectTarget(request, second) !== undefined) throw redirected(second.status)
        return second
      }

      async function request(request: HttpRequest): Promise<HttpResponse> {
        const deadline = clock.now() + timeouts.overallMs
        const onPhase = once(request.onPhase)
        for (let count = 1; ; count++) {
          const outcome = await attempt(request, Math.min(requestMs, deadline - clock.now()), onPhase).catch(
            failure,
          )
          const wait = count < attempts ? retryDelay(outcome, request, count) : undefined
          // A longer wait is not worth it: nobody may be there any more, and whoever may send would have changed.
          if (wait !== undefined && wait <= requestMs && clock.now() + wait < deadline) {
            await clock.sleep(wait, request.signal)
            continue
          }
          if (outcome instanceof Failure) throw outcome
          return outcome
        }
      }

      return {
        async request(given) {
          given.signal.throwIfAborted()
          try {
            return await request(given)
          } catch (error) {
            given.signal.throwIfAborted()
            throw error instanceof Failure ? providerError(error, given.operation) : error
          }
        },
      }
    }
  }

  return { client, close: pools.close }
}

/** Failures are outcomes to decide about; anything else goes on up. */
function failure(error: unknown): Failure {
  if (error instanceof Failure) return error
  throw error
}

function providerError({ reason, message, status, oversized }: Failure, operation: string): ProviderError {
  return new ProviderError(reason, message, {
    upstream: { operation, ...(status !== undefined && { status }) },
    oversized,
  })
}

/** Runs `work` under a signal that aborts with the caller's, or with the deadline: then it fails with a `TIMEOUT`. */
async function withDeadline<T>(
  outer: AbortSignal,
  deadline: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await work(AbortSignal.any([outer, deadline]))
  } catch (error) {
    throw error === deadline.reason ? timedOut() : error
  }
}

const timedOut = () =>
  new Failure(
    "TIMEOUT",
    "The secret manager did not answer in time: check its load and the network on the way",
  )

/**
 * Where the answer sends the request to: undefined if nowhere. Only 307 and 308 mean that the method and the body stay.
 * @throws Failure where that is another origin, or would turn the request into another one
 */
function redirectTarget({ method, url }: HttpRequest, { status, headers }: HttpResponse): string | undefined {
  if (![301, 302, 303, 307, 308].includes(status) || headers.location === undefined) return undefined
  const target = URL.parse(headers.location, url)
  const repeats = status >= 307 || method === "GET" || method === "HEAD" || method === "LIST"
  if (target === null || target.origin !== new URL(url).origin || !repeats) throw redirected(status)
  return target.href
}

const redirected = (status: number) =>
  new Failure(
    "PROVIDER_ERROR",
    "The secret manager redirects elsewhere, which is not followed: set `url` to the active node",
    "never",
    { status },
  )

function once(onPhase: HttpRequest["onPhase"]): (phase: Phase) => void {
  const told = new Set<Phase>()
  return (phase) => {
    if (told.has(phase)) return
    told.add(phase)
    onPhase?.(phase)
  }
}
