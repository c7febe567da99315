import dns from "node:dns"
import dnsPromises from "node:dns/promises"
import { syncBuiltinESMExports } from "node:module"
import net from "node:net"
import tls from "node:tls"

/** The whole of the internet that a function under test can reach. */
export interface Internet {
  /** By name, the port of 127.0.0.1 where that server really is; each answers on 443. */
  hosts: Readonly<Record<string, number>>
  /** PEM: the one public authority that there is. */
  authority: string
}

/**
 * Puts a small internet around this process, below everything that could tell: names resolve to public addresses, sockets
 * to these lead to servers of this machine and say that they are where they were sent, and every other name or address
 * leads nowhere. So a bundle runs with the environment of its deployment and nothing besides.
 */
export function surroundBy({ hosts, authority }: Internet): void {
  const names = Object.keys(hosts)
  const addressOf = (name: string) => {
    const index = names.indexOf(name.replace(/\.$/, ""))
    return index < 0 ? undefined : `20.0.0.${index + 1}`
  }
  const portOf = (host: string) => hosts[host] ?? hosts[names.find((name) => addressOf(name) === host) ?? ""]

  resolveNames(addressOf)
  leadSockets(portOf, addressOf)
  const createSecureContext = tls.createSecureContext.bind(tls)
  tls.createSecureContext = (options) =>
    createSecureContext({ ...options, ca: [options?.ca ?? [], authority].flat() as (string | Buffer)[] })
  syncBuiltinESMExports()
}

const notFound = (host: string) =>
  Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: "ENOTFOUND", syscall: "getaddrinfo" })

function resolveNames(addressOf: (name: string) => string | undefined): void {
  const answer = (host: string, all: boolean) => {
    const address = net.isIP(host) ? host : addressOf(host)
    if (address === undefined) throw notFound(host)
    return all ? [{ address, family: 4 }] : { address, family: 4 }
  }
  const isAll = (options: unknown) =>
    typeof options === "object" && options !== null && "all" in options && options.all === true

  dnsPromises.lookup = (async (host: string, options?: unknown) =>
    answer(host, isAll(options))) as typeof dnsPromises.lookup
  dns.lookup = ((host: string, ...rest: unknown[]) => {
    const callback = rest.at(-1) as (error: Error | null, ...found: unknown[]) => void
    try {
      const found = answer(host, isAll(rest[0]))
      process.nextTick(() =>
        Array.isArray(found) ? callback(null, found) : callback(null, found.address, found.family),
      )
    } catch (error) {
      process.nextTick(() => callback(error as Error))
    }
  }) as typeof dns.lookup
}

function leadSockets(
  portOf: (host: string) => number | undefined,
  addressOf: (name: string) => string | undefined,
): void {
  const connect = net.Socket.prototype.connect as (...args: unknown[]) => net.Socket
  net.Socket.prototype.connect = function (this: net.Socket, ...args: unknown[]) {
    // As callers give them, or as `net.connect` has put them in order: a list with the options first.
    const [first, ...rest] = Array.isArray(args[0]) ? args[0] : args
    const options = first as net.TcpNetConnectOpts
    const host = options.host ?? "localhost"
    const port = options.port === 443 || options.port === ("443" as unknown) ? portOf(host) : undefined
    if (port === undefined) {
      const refused = Object.assign(new Error(`connect ECONNREFUSED ${host}`), { code: "ECONNREFUSED" })
      process.nextTick(() => this.destroy(refused))
      return this
    }
    const address = net.isIP(host) ? host : addressOf(host)
    Object.defineProperty(this, "remoteAddress", {
      get: () => (this.connecting || this.destroyed ? undefined : address),
    })
    return connect.call(this, { ...options, host: "127.0.0.1", port }, ...rest.filter((one) => one !== null))
  } as typeof net.Socket.prototype.connect
}
