import { ProviderError } from "../errors.ts"
import { type Cidr, decidingAddresses, isWithin, kindOf, parseCidr } from "./address.ts"

/** What a deployment lets its admins contact. */
export interface OutboundPolicy {
  /** Plain `http:` too. */
  allowHttp: boolean
  /** The sandbox: loopback addresses, and any port. A deployment on AWS never sets it. */
  allowLoopback: boolean
  /** Networks that are not globally reachable, opened to one platform, or to all by `"*"`. */
  exceptions: readonly { platformId: string; cidr: string }[]
}

/** Where a request goes, after its URL was found acceptable. No name is resolved yet. */
export interface Destination {
  url: URL
  /** A name, or an IP address without brackets. */
  host: string
  port: number
  secure: boolean
}

export interface Guard {
  /** @throws ProviderError `BLOCKED_ADDRESS`, or `INVALID_PATH`, where `url` may not be contacted whatever it resolves to */
  destination(url: string, operation: string): Destination
  /** Whether `platformId` may connect to the IP address `ip`. */
  permits(platformId: string, ip: string): boolean
}

/** @throws Error naming the exception that is no network */
export function createGuard({ allowHttp, allowLoopback, exceptions }: OutboundPolicy): Guard {
  const opened = exceptions.map(({ platformId, cidr }) => ({ platformId, network: parseCidr(cidr) }))

  function permits(platformId: string, ip: string): boolean {
    const deciding = decidingAddresses(ip)
    const excepted = (test: (network: Cidr) => boolean) =>
      opened.some(
        (entry) => (entry.platformId === "*" || entry.platformId === platformId) && test(entry.network),
      )
    return (
      deciding.length > 0 &&
      deciding.every((address) => {
        const kind = kindOf(address)
        switch (kind) {
          case "public":
            return true
          case "loopback":
            return allowLoopback
          case "private":
            return excepted((network) => isWithin(address, network))
          case "forbidden":
            return false
          default:
            return kind satisfies never
        }
      })
    )
  }

  function destination(text: string, operation: string): Destination {
    const refuse = (message: string) =>
      new ProviderError("BLOCKED_ADDRESS", message, { upstream: { operation } })
    // The URL parser drops tabs and line breaks and turns backslashes into slashes: what was checked must be what is sent.
    const url = unencoded.test(text) ? null : URL.parse(text)
    if (url === null) throw refuse("`url` is not an absolute, encoded URL: write it as https://host:port")
    const secure = url.protocol === "https:"
    if (!secure && url.protocol !== "http:") throw refuse("Only https URLs can be contacted: change `url`")
    if (!secure && !allowHttp)
      throw refuse("Plain http is not allowed by this deployment: change `url` to https")
    if (url.username !== "" || url.password !== "")
      throw refuse("A URL with a user name or password is refused: take them out of `url`")
    const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port)
    if (!allowLoopback && blockedPorts.has(port))
      throw refuse(
        `Port ${port} belongs to another protocol and is not contacted: change the port in \`url\``,
      )
    if (dotSegment.test(text.split(/[?#]/, 1)[0] ?? ""))
      throw new ProviderError("INVALID_PATH", "A path must not have a segment `.` or `..`", {
        upstream: { operation },
      })
    return { url, host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port, secure }
  }

  return { destination, permits }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const unencoded = /[\u0000-\u0020\u007f\\]/

/** `/..`, also as `/%2e%2E`: the URL parser would resolve it and ask for another path than was checked. */
const dotSegment = /\/(?:\.|%2e){1,2}(?:\/|$)/i

/** https://fetch.spec.whatwg.org/#port-blocking */
export const blockedPorts: ReadonlySet<number> = new Set([
  0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104,
  109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515,
  526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049,
  3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
])
