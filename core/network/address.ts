import { isIP } from "node:net"
import ipaddr from "ipaddr.js"
import { once } from "../once.ts"

/** An address that was written as one, without a zone. */
export type Address = ipaddr.IPv4 | ipaddr.IPv6

/**
 * What may be done with an address:
 * - `public`: globally reachable unicast by IANA's special-purpose registries;
 * - `private`: anything else that a deployment may open by an exception;
 * - `loopback`: open in the sandbox only;
 * - `forbidden`: link-local, metadata services, multicast, unspecified: never.
 */
export type AddressKind = "public" | "private" | "loopback" | "forbidden"

/** A network, such as `10.0.0.0/8`. */
export interface Cidr {
  network: Address
  bits: number
}

/** Whether `ip` is an address, or embeds only addresses, of globally reachable unicast. Text that is no IP address is not. */
export function isPublicAddress(ip: string): boolean {
  const deciding = decidingAddresses(ip)
  return deciding.length > 0 && deciding.every((address) => kindOf(address) === "public")
}

/**
 * The addresses by which `ip` is judged, all of which must be acceptable: the IPv4 addresses that it embeds, where it
 * has one of the forms that are routed or translated to IPv4, else itself. Empty where `ip` is no IP address in the
 * usual notation, or has a zone (`fe80::1%eth0`).
 */
export function decidingAddresses(ip: string): Address[] {
  if (isIP(ip) === 0 || ip.includes("%")) return []
  const address = ipaddr.parse(ip)
  return address.kind() === "ipv4" ? [address] : (embedded(address as ipaddr.IPv6) ?? [address])
}

export function kindOf(address: Address): AddressKind {
  const within = (cidr: Cidr) => isWithin(address, cidr)
  if (loopback().some(within)) return "loopback"
  if (forbidden().some(within) || translatesToForbidden(address)) return "forbidden"
  if (reachableInside().some(within)) return "public"
  if (notReachable().some(within)) return "private"
  return address.kind() === "ipv4" || isWithin(address, globalUnicast()) ? "public" : "private"
}

export function isWithin(address: Address, { network, bits }: Cidr): boolean {
  return address.kind() === network.kind() && address.match(network, bits)
}

/** @throws Error saying what was expected, for anything but the first address of a network and its length */
export function parseCidr(text: string): Cidr {
  const [ip = "", length = "", ...rest] = text.split("/")
  const bits = Number(length)
  const width = isIP(ip) === 4 ? 32 : 128
  if (isIP(ip) === 0 || ip.includes("%") || rest.length > 0 || !/^\d{1,3}$/.test(length) || bits > width)
    throw new Error(`"${text}" is not a network such as 10.20.0.0/16 or fd12:3456::/32`)
  const network = ipaddr.parse(ip)
  const first = width === 32 ? ipaddr.IPv4 : ipaddr.IPv6
  if (first.networkAddressFromCIDR(text).toString() !== network.toString())
    throw new Error(`"${text}" has bits set beyond its prefix: write the network's first address`)
  return { network, bits }
}

/** Read when an address is first judged: a resolve from the cache connects nowhere and need not pay for it. */
const networks = (...texts: string[]): (() => Cidr[]) => once(() => texts.map(parseCidr))
const network = (text: string): (() => Cidr) => once(() => parseCidr(text))

const loopback = networks("127.0.0.0/8", "::1/128")

/** These two lie where IPv4-compatible addresses do, but are themselves. */
const unembedding = networks("::/128", "::1/128")

const forbidden = networks(
  "0.0.0.0/8", // "this network"; Linux takes 0.0.0.0 for the loopback
  "169.254.0.0/16", // link-local, and the metadata services of most clouds
  "224.0.0.0/4", // multicast
  "255.255.255.255/32",
  "100.100.100.200/32", // Alibaba Cloud's metadata service
  "168.63.129.16/32", // Azure's platform endpoint: a public address that every virtual machine reaches
  "192.0.0.192/32", // Oracle Cloud's former metadata service
  "::/128",
  "fe80::/10", // link-local
  "ff00::/8", // multicast
  "fd00:ec2::/32", // AWS: metadata, DNS, NTP, EKS pod identity
  "fd20:ce::254/128", // Google Cloud's metadata service
  "fd00:c1::a9fe:a9fe/128", // Oracle Cloud's metadata service
)

/**
 * https://www.iana.org/assignments/iana-ipv4-special-registry and .../iana-ipv6-special-registry: what is not "globally
 * reachable" there, and what has ended or says "N/A". Written out because ipaddr.js, whose arithmetic is used here, takes
 * IPv4-compatible, dummy and unassigned IPv6 addresses for plain unicast. Beyond 2000::/3 no IPv6 unicast is assigned.
 */
const notReachable = networks(
  "10.0.0.0/8",
  "100.64.0.0/10", // shared address space of providers, RFC 6598
  "172.16.0.0/12",
  "192.0.0.0/24", // IETF protocol assignments
  "192.0.2.0/24", // documentation
  "192.88.99.0/24", // 6to4 relay anycast, ended
  "192.168.0.0/16",
  "198.18.0.0/15", // benchmarking
  "198.51.100.0/24", // documentation
  "203.0.113.0/24", // documentation
  "240.0.0.0/4", // reserved
  "2001::/23", // IETF protocol assignments
  "2001:db8::/32", // documentation
  "3fff::/20", // documentation
)

/** What the registries carve out of the above as globally reachable. */
const reachableInside = networks(
  "192.0.0.9/32", // Port Control Protocol anycast
  "192.0.0.10/32", // TURN anycast
  "2001:1::1/128",
  "2001:1::2/128",
  "2001:1::3/128", // DNS-SD service registration anycast
  "2001:3::/32", // AMT
  "2001:4:112::/48", // AS112
  "2001:20::/28", // ORCHIDv2
  "2001:30::/28", // drone remote id
)

const globalUnicast = network("2000::/3")

const mapped = network("::ffff:0:0/96")
const compatible = network("::/96")
const sixToFour = network("2002::/16")
const teredo = network("2001::/32")
const nat64 = network("64:ff9b::/96")
const nat64Local = network("64:ff9b:1::/48")

/** The IPv4 addresses to which packets for `address` go in the end; undefined where it embeds none. */
function embedded(address: ipaddr.IPv6): Address[] | undefined {
  const bytes = address.toByteArray()
  const within = (cidr: Cidr) => isWithin(address, cidr)
  if (unembedding().some(within)) return undefined
  if ([mapped(), compatible(), nat64()].some(within)) return [ipv4(bytes, 12, 13, 14, 15)]
  if (within(sixToFour())) return [ipv4(bytes, 2, 3, 4, 5)]
  // RFC 4380: the server, and the client with every bit inverted.
  const inverted = bytes.map((byte) => byte ^ 0xff)
  if (within(teredo())) return [ipv4(bytes, 4, 5, 6, 7), ipv4(inverted, 12, 13, 14, 15)]
  return undefined
}

/**
 * NAT64's local-use prefix is not globally reachable, so only an exception opens it; how long a prefix a network takes
 * from it cannot be seen in an address. None of the readings that RFC 6052 allows may be one that is never contacted.
 * (What other lengths leave in front of an address reads as 0.x.y.z, which says nothing.)
 */
function translatesToForbidden(address: Address): boolean {
  if (!isWithin(address, nat64Local())) return false
  const bytes = address.toByteArray()
  const readings = [
    ipv4(bytes, 6, 7, 9, 10),
    ipv4(bytes, 7, 9, 10, 11),
    ipv4(bytes, 9, 10, 11, 12),
    ipv4(bytes, 12, 13, 14, 15),
  ]
  return readings.some(
    (reading) => reading.octets[0] !== 0 && ["loopback", "forbidden"].includes(kindOf(reading)),
  )
}

function ipv4(bytes: readonly number[], ...places: [number, number, number, number]): ipaddr.IPv4 {
  return new ipaddr.IPv4(places.map((place) => bytes[place] ?? 0))
}
