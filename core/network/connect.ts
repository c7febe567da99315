import * as dns from "node:dns/promises"
import * as net from "node:net"
import * as tls from "node:tls"
import type { Clock } from "../clock.ts"
import { untilAborted } from "../settle.ts"
import { blockedAddress, connectFailure, Failure } from "./failure.ts"
import type { Phase } from "./http.ts"
import type { Destination, Guard } from "./policy.ts"

/** All A and AAAA answers for a name, in the order in which to try them. */
export type Resolve = (host: string) => Promise<readonly string[]>

export const systemResolve: Resolve = async (host) =>
  (await dns.lookup(host, { all: true })).map(({ address }) => address)

export interface ConnectOptions {
  destination: Destination
  platformId: string
  guard: Guard
  resolve: Resolve
  /** For name, TCP and TLS together. */
  timeoutMs: number
  clock: Clock
  secureContext: () => tls.SecureContext
  /** A TLS session of an earlier connection to the same destination. */
  session: Buffer | undefined
  onSession: (session: Buffer) => void
  onPhase: (phase: Phase) => void
  signal: AbortSignal
}

/**
 * A connected and, for https, authenticated socket to an address that the policy permits. Not a byte is sent before the
 * address at the other end was checked.
 *
 * @throws Failure, or the signal's reason
 */
export async function connect(options: ConnectOptions): Promise<net.Socket> {
  const expired = options.clock.timeout(options.timeoutMs)
  const signal = AbortSignal.any([options.signal, expired])
  let phase: "name" | Phase = "name"
  try {
    const addresses = await permittedAddresses({ ...options, signal })
    phase = "reach"
    const socket = await reach(addresses, { ...options, signal })
    options.onPhase("reach")
    if (!options.destination.secure) return socket
    phase = "TLS"
    const secured = await secure(socket, { ...options, signal })
    options.onPhase("TLS")
    return secured
  } catch (error) {
    options.signal.throwIfAborted()
    if (!expired.aborted) throw error
    if (phase === "name") throw blockedAddress("unsent")
    throw phase === "TLS"
      ? new Failure(
          "TIMEOUT",
          "The TLS handshake took too long: check that the port in `url` speaks TLS",
          "unsent",
        )
      : new Failure(
          "UNREACHABLE",
          "No connection could be made in time: check `url`, and that firewalls let Latchkey through",
          "unsent",
        )
  }
}

/** One refused address refuses the name: an attacker's name server could mix good and bad ones. */
async function permittedAddresses(options: ConnectOptions): Promise<readonly string[]> {
  const { destination, platformId, guard, resolve, signal } = options
  // Node never resolves a literal, so it is judged here or nowhere.
  const addresses =
    net.isIP(destination.host) === 0 ? await lookup(resolve, destination.host, signal) : [destination.host]
  if (addresses.length === 0 || !addresses.every((address) => guard.permits(platformId, address)))
    throw blockedAddress()
  return addresses
}

async function lookup(resolve: Resolve, host: string, signal: AbortSignal): Promise<readonly string[]> {
  try {
    return await untilAborted(resolve(host), signal)
  } catch (error) {
    signal.throwIfAborted()
    const transient = error instanceof Error && "code" in error && error.code === "EAI_AGAIN"
    throw blockedAddress(transient ? "unsent" : "never")
  }
}

/** Tries the addresses one after another, each with a fair part of the time that is left. */
async function reach(addresses: readonly string[], options: ConnectOptions): Promise<net.Socket> {
  const { clock } = options
  const deadline = clock.now() + options.timeoutMs
  let failure: unknown
  for (const [index, address] of addresses.entries()) {
    const left = deadline - clock.now()
    try {
      return await reachOne(address, left / (addresses.length - index), options)
    } catch (error) {
      options.signal.throwIfAborted()
      failure = connectFailure(error, "reach")
    }
  }
  throw failure
}

async function reachOne(address: string, timeoutMs: number, options: ConnectOptions): Promise<net.Socket> {
  const { destination, platformId, guard, clock } = options
  const signal = AbortSignal.any([options.signal, clock.timeout(timeoutMs)])
  const socket = net.connect({
    host: address,
    port: destination.port,
    noDelay: true,
    autoSelectFamily: false,
  })
  try {
    await settled(socket, "connect", signal)
    // Whatever lies between the check above and the wire, nothing is said to an address that would not pass it.
    if (socket.remoteAddress === undefined) throw new Error("closed")
    if (!guard.permits(platformId, socket.remoteAddress)) throw blockedAddress()
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}

/** Authenticates the server: by its name, or for a literal by its address, of which no server name is sent (RFC 6066). */
async function secure(socket: net.Socket, options: ConnectOptions): Promise<tls.TLSSocket> {
  const { destination, session, onSession, signal } = options
  const { host } = destination
  try {
    const secured = tls.connect({
      socket,
      secureContext: options.secureContext(),
      // Stated, so that NODE_TLS_REJECT_UNAUTHORIZED cannot undo it.
      rejectUnauthorized: true,
      checkServerIdentity: (_, certificate) => tls.checkServerIdentity(host, certificate),
      ALPNProtocols: ["http/1.1"],
      ...(net.isIP(host) === 0 && { servername: host.replace(/\.$/, "") }),
      ...(session && { session }),
    })
    secured.on("session", onSession)
    await settled(secured, "secureConnect", signal)
    return secured
  } catch (error) {
    socket.destroy()
    signal.throwIfAborted()
    throw connectFailure(error, "TLS")
  }
}

/** Waits for the socket's `event`; destroys it when the signal aborts. Rejects with the socket's error. */
async function settled(
  socket: net.Socket,
  event: "connect" | "secureConnect",
  signal: AbortSignal,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const abort = () => socket.destroy(new Error("aborted"))
  const closed = () => reject(new Error("closed"))
  socket.once(event, resolve).once("error", reject).once("close", closed)
  signal.addEventListener("abort", abort, { once: true })
  try {
    if (signal.aborted) abort()
    await promise
  } finally {
    signal.removeEventListener("abort", abort)
    socket.off(event, resolve).off("error", reject).off("close", closed)
    // Until a request takes the socket over, and after it was destroyed, an error has nobody to go to.
    socket.on("error", () => {})
  }
}
