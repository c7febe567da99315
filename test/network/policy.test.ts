import { describe, expect, test } from "vitest"
import type { ProviderError } from "../../core/errors.ts"
import { blockedPorts, createGuard, type OutboundPolicy } from "../../core/network/policy.ts"

const deployed: OutboundPolicy = { allowHttp: false, allowLoopback: false, exceptions: [] }
const sandbox: OutboundPolicy = { allowHttp: true, allowLoopback: true, exceptions: [] }

function refusal(policy: OutboundPolicy, url: string): Pick<ProviderError, "reason" | "message"> | undefined {
  try {
    createGuard(policy).destination(url, "read secret")
    return undefined
  } catch (error) {
    return error as ProviderError
  }
}

describe("a destination", () => {
  test("is the host, the port and the scheme of an https URL", () => {
    const guard = createGuard(deployed)
    expect(guard.destination("https://vault.example:8200/v1/a%2Fb?c=d", "read")).toMatchObject({
      host: "vault.example",
      port: 8200,
      secure: true,
    })
    expect(guard.destination("https://[2606:4700::1111]/", "read")).toMatchObject({
      host: "2606:4700::1111",
      port: 443,
    })
  })

  test.each([
    ["https://2130706433/", "127.0.0.1"],
    ["https://0x7f.1/", "127.0.0.1"],
    ["https://0177.0.0.1/", "127.0.0.1"],
    ["https://127.1/", "127.0.0.1"],
    ["https://１２７.0.0.1/", "127.0.0.1"],
    ["https://[::ffff:127.0.0.1]/", "::ffff:7f00:1"],
    ["https://127.0.0.1./", "127.0.0.1"],
  ])("%s is the address that it means", (url, host) => {
    const guard = createGuard(deployed)
    expect(guard.destination(url, "read").host).toBe(host)
    expect(guard.permits("p", host)).toBe(false)
  })

  test.each([
    "http://vault.example/",
    "ftp://vault.example/",
    "file:///etc/passwd",
    "https://user@vault.example/",
    "https://:marker@vault.example/",
    "https://vault.example:22/",
    "https://[fe80::1%25eth0]/",
    "https://vault.example\\@evil.example/",
    "https://vault.example/a\nb",
    " https://vault.example/",
    "vault.example",
    "",
  ])("%j is refused, without repeating it", (url) => {
    const error = refusal(deployed, url)
    expect(error?.reason).toBe("BLOCKED_ADDRESS")
    expect(error?.message).not.toContain("marker")
  })

  test.each([
    "https://h/v1/../sys",
    "https://h/v1/%2e%2E/sys",
    "https://h/v1/.",
    "https://h/..?list=true",
    "https://h/a/.%2e#x",
  ])("%s is refused, since another path than was checked would be asked for", (url) =>
    expect(refusal(deployed, url)?.reason).toBe("INVALID_PATH"),
  )

  test("may have dots elsewhere", () =>
    expect(refusal(deployed, "https://h/v1/..a/b../.../c.d?e=/../")).toBeUndefined())

  test("may be plain http, and any port in the sandbox", () => {
    expect(refusal(sandbox, "http://127.0.0.1:6000/")).toBeUndefined()
    expect(refusal({ ...deployed, allowHttp: true }, "http://vault.example/")).toBeUndefined()
    expect(refusal({ ...deployed, allowHttp: true }, "http://vault.example:6000/")).toBeDefined()
  })

  test("has none of the ports that fetch refuses too", async () => {
    for (const port of blockedPorts) {
      const cause = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(1000) }).catch(
        (error: Error) => error.cause,
      )
      if (port !== 0) expect([port, (cause as Error).message]).toEqual([port, "bad port"])
    }
  })
})

describe("an address", () => {
  const guard = createGuard({
    ...deployed,
    exceptions: [
      { platformId: "acme", cidr: "10.20.0.0/16" },
      { platformId: "acme", cidr: "fd12:3456::/32" },
      { platformId: "acme", cidr: "169.254.0.0/16" },
      { platformId: "acme", cidr: "127.0.0.0/8" },
      { platformId: "*", cidr: "192.168.7.0/24" },
    ],
  })

  test("that is private is permitted by an exception, to the platform that it names", () => {
    expect(guard.permits("acme", "10.20.1.2")).toBe(true)
    expect(guard.permits("acme", "::ffff:10.20.1.2")).toBe(true)
    expect(guard.permits("acme", "fd12:3456::1")).toBe(true)
    expect(guard.permits("acme", "10.21.1.2")).toBe(false)
    expect(guard.permits("other", "10.20.1.2")).toBe(false)
    expect(guard.permits("*", "10.20.1.2")).toBe(false)
  })

  test("is permitted to all where an asterisk is written", () => {
    expect(guard.permits("other", "192.168.7.1")).toBe(true)
    expect(guard.permits("other", "192.168.8.1")).toBe(false)
  })

  test("of loopback or metadata is permitted by no exception", () => {
    expect(guard.permits("acme", "169.254.169.254")).toBe(false)
    expect(guard.permits("acme", "127.0.0.1")).toBe(false)
  })

  test("of loopback is permitted in the sandbox, of other private networks not even there", () => {
    const open = createGuard(sandbox)
    expect(open.permits("p", "127.0.0.1")).toBe(true)
    expect(open.permits("p", "::1")).toBe(true)
    expect(open.permits("p", "0.0.0.0")).toBe(false)
    expect(open.permits("p", "10.0.0.1")).toBe(false)
    expect(open.permits("p", "169.254.169.254")).toBe(false)
  })

  test("that both names and numbers hide is refused when one of two embedded ones is", () =>
    expect(guard.permits("acme", "2001:0:808:808:0:0:80ff:fffe")).toBe(false))

  test("policy names the exception that is no network", () =>
    expect(() =>
      createGuard({ ...deployed, exceptions: [{ platformId: "acme", cidr: "10.0.0.0" }] }),
    ).toThrow('"10.0.0.0"'))
})
