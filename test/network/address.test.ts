import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  decidingAddresses,
  isPublicAddress,
  isWithin,
  kindOf,
  parseCidr,
} from "../../core/network/address.ts"

const hex = (byte: number) => byte.toString(16).padStart(2, "0")
/** `a.b.c.d` as two groups of IPv6. */
function groups(ip: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = ip.split(".").map(Number)
  return `${hex(a)}${hex(b)}:${hex(c)}${hex(d)}`
}
const inverted = (ip: string) =>
  ip
    .split(".")
    .map((byte) => 255 - Number(byte))
    .join(".")

/** Every way in which an IPv6 address leads to `ip` in the end. */
const disguises = (ip: string): Record<string, string> => ({
  mapped: `::ffff:${ip}`,
  "mapped, in hex": `0:0:0:0:0:ffff:${groups(ip)}`,
  compatible: `::${groups(ip)}`,
  "6to4": `2002:${groups(ip)}::1`,
  "Teredo client": `2001:0:${groups("8.8.8.8")}:0:1234:${groups(inverted(ip))}`,
  "Teredo server": `2001:0:${groups(ip)}:0:1234:${groups(inverted("8.8.8.8"))}`,
  NAT64: `64:ff9b::${groups(ip)}`,
})

const publicAddresses = [
  "1.1.1.1",
  "8.8.8.8",
  "9.255.255.255",
  "11.0.0.0",
  "100.63.255.255",
  "100.128.0.0",
  "172.15.255.255",
  "172.32.0.0",
  "192.0.0.9",
  "192.0.0.10",
  "192.0.1.0",
  "192.31.196.1",
  "192.52.193.1",
  "192.175.48.1",
  "198.17.255.255",
  "198.20.0.0",
  "223.255.255.255",
  "2001:1::1",
  "2001:1::2",
  "2001:1::3",
  "2001:3::1",
  "2001:4:112::1",
  "2001:20::1",
  "2001:30::1",
  "2001:200::1",
  "2606:4700::1111",
  "2620:4f:8000::1",
  "2a00:1450:4001::1",
  "3ffe::1",
]

const otherAddresses = [
  "0.0.0.0",
  "0.1.2.3",
  "10.0.0.1",
  "10.255.255.255",
  "100.64.0.0",
  "100.100.100.200",
  "100.127.255.255",
  "127.0.0.1",
  "127.255.255.254",
  "168.63.129.16",
  "169.254.169.254",
  "169.254.170.2",
  "172.16.0.0",
  "172.31.255.255",
  "192.0.0.0",
  "192.0.0.8",
  "192.0.0.170",
  "192.0.0.192",
  "192.0.2.1",
  "192.88.99.1",
  "192.88.99.2",
  "192.168.0.1",
  "198.18.0.0",
  "198.19.255.255",
  "198.51.100.1",
  "203.0.113.1",
  "224.0.0.1",
  "239.255.255.255",
  "240.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "64:ff9b:1::808:808",
  "64:ff9b:2::808:808",
  "100::1",
  "100:0:0:1::1",
  "2001:0:0:0:0:0:0:1",
  "2001:2::1",
  "2001:5::1",
  "2001:10::1",
  "2001:1ff::1",
  "2001:db8::1",
  "3fff::1",
  "3fff:fff::1",
  "4000::1",
  "5f00::1",
  "fc00::1",
  "fd00:ec2::254",
  "fd20:ce::254",
  "fe80::1",
  "febf::1",
  "fec0::1",
  "ff02::1",
  "ff0e::1",
  "::ffff:0:8.8.8.8",
]

describe("a public address", () => {
  test.each(publicAddresses)("%s is globally reachable", (ip) => expect(isPublicAddress(ip)).toBe(true))
  test.each(otherAddresses)("%s is not", (ip) => expect(isPublicAddress(ip)).toBe(false))

  test.each([...publicAddresses, ...otherAddresses].filter((ip) => !ip.includes(":")))(
    "%s is judged alike in whatever IPv6 address it hides",
    (ip) => {
      // `::` and `::1` are themselves; no other IPv4 address here lies so low.
      for (const [form, disguise] of Object.entries(disguises(ip)))
        expect([form, isPublicAddress(disguise)]).toEqual([form, isPublicAddress(ip)])
    },
  )

  test.each([
    "",
    "localhost",
    "1.2.3",
    "01.2.3.4",
    "0x7f.1",
    "2130706433",
    "1.2.3.4 ",
    "[::1]",
    "fe80::1%eth0",
    "::ffff:1.2.3.4%1",
    "1.2.3.4/8",
  ])("what is no address in the usual notation is not public: %j", (text) =>
    expect(isPublicAddress(text)).toBe(false),
  )

  test("is never loopback, whatever stands before and behind it", () => {
    const byte = fc.integer({ min: 0, max: 255 })
    fc.assert(
      fc.property(byte, byte, byte, (b, c, d) => {
        const ip = `127.${b}.${c}.${d}`
        return (
          !isPublicAddress(ip) && Object.values(disguises(ip)).every((disguise) => !isPublicAddress(disguise))
        )
      }),
    )
  })

  test("lies, if it is IPv6 and embeds none, in 2000::/3", () => {
    const group = fc.integer({ min: 0, max: 0xffff }).map((n) => n.toString(16))
    const global = parseCidr("2000::/3")
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (parts) => {
        const [address] = decidingAddresses(parts.join(":"))
        return (
          address === undefined ||
          address.kind() === "ipv4" ||
          kindOf(address) !== "public" ||
          isWithin(address, global)
        )
      }),
    )
  })

  test("is judged the same in every notation", () => {
    const group = fc.integer({ min: 0, max: 0xffff })
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constant(0), group), { minLength: 8, maxLength: 8 }), (parts) => {
        const long = parts.map((part) => part.toString(16).padStart(4, "0").toUpperCase()).join(":")
        const short = new URL(`http://[${long}]`).hostname.slice(1, -1)
        return isPublicAddress(long) === isPublicAddress(short)
      }),
    )
  })
})

describe("what exceptions cannot open", () => {
  const kind = (ip: string) => decidingAddresses(ip).map(kindOf)

  test.each([
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "2002:a9fe:a9fe::1",
    "64:ff9b::a9fe:a9fe",
    "fe80::1",
    "fd00:ec2::254",
    "168.63.129.16",
    "100.100.100.200",
    "0.0.0.0",
    "::",
    "224.0.0.1",
  ])("%s", (ip) => expect(kind(ip)).toContain("forbidden"))

  test.each([
    ["a prefix of 96 bits", "64:ff9b:1::a9fe:a9fe"],
    ["a prefix of 64 bits", "64:ff9b:1:0:a9:fea9:fe00:0"],
    ["a prefix of 56 bits", "64:ff9b:1:a9:fe:a9fe::"],
    ["a prefix of 48 bits", "64:ff9b:1:a9fe:a9:fe00::"],
    ["a prefix of 96 bits, loopback", "64:ff9b:1::7f00:1"],
  ])("NAT64's local prefix in front of a metadata address or loopback: %s", (_, ip) =>
    expect(kind(ip)).toEqual(["forbidden"]),
  )

  test("NAT64's local prefix in front of anything else is a private network", () =>
    expect(kind("64:ff9b:1::a01:203")).toEqual(["private"]))
})

describe("a network", () => {
  test.each([
    "10.0.0.0",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/8/8",
    "10/8",
    "fe80::%1/64",
    "::/129",
    "x/8",
    "10.0.0.0/08x",
  ])("is refused unless it is an address and a length: %j", (text) =>
    expect(() => parseCidr(text)).toThrow("is not a network"),
  )

  test("is refused with bits beyond its prefix, which show that something else was meant", () =>
    expect(() => parseCidr("10.1.2.3/8")).toThrow("first address"))
})
