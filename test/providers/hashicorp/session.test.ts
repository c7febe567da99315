import { describe, expect, test } from "vitest"
import { ProviderError } from "../../../core/errors.ts"
import { byToken, errors, kv2, login, mount, vaultWith } from "./vault-script.ts"

const forbidden = errors(403, "permission denied")
/** Answers only to one token, as Vault after it has forgotten all others. */
const only = (valid: string, answer: ReturnType<typeof kv2>) => (token: string | undefined) =>
  token === valid ? answer : forbidden
const logins = () => {
  let count = 0
  return () => login(`s.${++count}`)
}

describe("a session", () => {
  test("ends before its lease does", async () => {
    const vault = vaultWith({ "POST auth/approle/login": logins(), "GET secret/data/app": kv2({ k: "v" }) })
    await vault.resolve("secret/data/app/k")
    vault.deps.clock.advance(3_569_000)
    await vault.resolve("secret/data/app/k")
    expect(vault.deps.sessions.logins).toBe(1)
    vault.deps.clock.advance(1_000)
    await vault.resolve("secret/data/app/k")
    expect(vault.deps.sessions.logins).toBe(2)
  })

  test("stays when lookup-self says that it is the path that is forbidden", async () => {
    const vault = vaultWith({ "GET secret/data/a": forbidden, "GET secret/data/b": forbidden })
    expect(await vault.resolve("secret/data/a/k", "secret/data/b/k")).toEqual(
      Array(2).fill("PERMISSION_DENIED"),
    )
    expect(vault.deps.sessions.logins).toBe(1)
    expect(vault.paths().filter((line) => line.endsWith("lookup-self"))).toHaveLength(1)
  })

  test("is renewed once when Vault has forgotten its token, and what it refused is read again", async () => {
    const vault = vaultWith({
      "POST auth/approle/login": logins(),
      "GET auth/token/lookup-self": only("s.2", kv2({})),
      "GET sys/internal/ui/mounts/secret/data/a": only("s.2", mount("secret/", "2")),
      "GET secret/data/a": only("s.2", kv2({ k: "a" })),
      "GET secret/data/b": only("s.2", kv2({ k: "b" })),
    })
    expect(await vault.resolve("secret/data/a/k", "secret/data/b/k")).toEqual(["a", "b"])
    expect(vault.paths()).toEqual([
      "POST auth/approle/login",
      "GET sys/internal/ui/mounts/secret/data/a",
      "GET auth/token/lookup-self",
      "POST auth/approle/login",
      "GET sys/internal/ui/mounts/secret/data/a",
      "GET secret/data/a",
      "GET secret/data/b",
    ])
  })

  test("stops reading when Vault rejects its token", async () => {
    let revoked = false
    const vault = vaultWith({
      "POST auth/approle/login": logins(),
      "GET auth/token/lookup-self": forbidden,
      ...Object.fromEntries(
        Array.from({ length: 100 }, (_, n) => [
          `GET secret/data/s${n}`,
          (token: string | undefined) => (revoked && token === "s.1" ? forbidden : kv2({ k: "v" })),
        ]),
      ),
    })
    await vault.resolve("secret/data/s0/k")
    revoked = true
    const before = vault.lines().length
    const values = await vault.resolve(...Array.from({ length: 100 }, (_, n) => `secret/data/s${n}/k`))
    expect(new Set(values)).toEqual(new Set(["v"]))
    // Up to 8 that were refused, lookup-self, a login, the mount, 100 reads.
    expect(vault.lines().length - before).toBeLessThanOrEqual(8 + 3 + 100)
  })

  test("is renewed at most once a minute", async () => {
    const vault = vaultWith({
      "POST auth/approle/login": logins(),
      "GET auth/token/lookup-self": forbidden,
      "GET sys/internal/ui/mounts/secret": mount("secret/", "2"),
      "GET secret/data/app": forbidden,
    })
    for (let n = 0; n < 5; n++)
      expect(await vault.resolve("secret/data/app/k")).toEqual(["PERMISSION_DENIED"])
    expect(vault.deps.sessions.logins).toBe(2)
    vault.deps.clock.advance(60_000)
    await vault.resolve("secret/data/app/k")
    expect(vault.deps.sessions.logins).toBe(3)
  })

  test("that Vault ends again within the minute says so, and not that the path is forbidden", async () => {
    let valid = "s.1"
    const live = (answer: ReturnType<typeof kv2>) => (token: string | undefined) =>
      token === valid ? answer : forbidden
    const vault = vaultWith({
      "POST auth/approle/login": logins(),
      "GET auth/token/lookup-self": live(kv2({})),
      "GET sys/internal/ui/mounts/secret": live(mount("secret/", "2")),
      "GET sys/internal/ui/mounts/secret/data/app": live(mount("secret/", "2")),
      "GET secret/data/app": live(kv2({ k: "v" })),
    })
    expect(await vault.resolve("secret/data/app/k")).toEqual(["v"])
    valid = "s.2"
    expect(await vault.resolve("secret/data/app/k")).toEqual(["v"])
    valid = "s.3"
    expect(await vault.resolve("secret/data/app/k")).toEqual(["THROTTLED"])
    vault.deps.clock.advance(60_000)
    expect(await vault.resolve("secret/data/app/k")).toEqual(["v"])
    expect(vault.deps.sessions.logins).toBe(3)
  })

  test("that cannot be renewed fails the fetch", async () => {
    let count = 0
    const vault = vaultWith({
      "POST auth/approle/login": () =>
        count++ === 0 ? login("s.1") : errors(400, "invalid role or secret ID"),
      "GET auth/token/lookup-self": forbidden,
      "GET sys/internal/ui/mounts/secret/data/app": forbidden,
    })
    await expect(vault.resolve("secret/data/app/k")).rejects.toMatchObject({ reason: "BAD_CREDENTIALS" })
  })

  test("is not renewed for a caller who has left", async () => {
    const abort = new AbortController()
    let count = 0
    const vault = vaultWith({
      "POST auth/approle/login": () => {
        if (count++ > 0) abort.abort(new ProviderError("TIMEOUT", "the caller left"))
        return login("s.1")
      },
      "GET auth/token/lookup-self": forbidden,
      "GET secret/data/a": kv2({ k: "a" }),
      "GET secret/data/b": forbidden,
    })
    await expect(vault.client.fetch(["secret/data/a", "secret/data/b"], abort.signal)).rejects.toThrow(
      "caller left",
    )
  })

  test("that cannot be renewed fails only the documents that were not read", async () => {
    let count = 0
    let revoked = false
    const vault = vaultWith({
      "POST auth/approle/login": () => (count++ === 0 ? login("s.1") : errors(503)),
      "GET auth/token/lookup-self": forbidden,
      "GET secret/data/a": () => {
        revoked = true
        return kv2({ k: "a" })
      },
      "GET secret/data/b": () => (revoked ? forbidden : kv2({ k: "b" })),
    })
    expect(await vault.resolve("secret/data/a/k", "secret/data/b/k")).toEqual(["a", "SEALED"])
  })
})

describe("a token of its own", () => {
  test("that Vault rejects is bad credentials, and nobody logs in", async () => {
    const vault = vaultWith(
      { "GET auth/token/lookup-self": forbidden, "GET sys/internal/ui/mounts/secret/data/app": forbidden },
      byToken,
    )
    await expect(vault.resolve("secret/data/app/k")).rejects.toMatchObject({ reason: "BAD_CREDENTIALS" })
    expect(vault.paths()).not.toContain("POST auth/approle/login")
  })

  test("without the default policy is denied a path, once a mount has proved it valid", async () => {
    const vault = vaultWith(
      {
        "GET auth/token/lookup-self": forbidden,
        "GET sys/internal/ui/mounts/secret": mount("secret/", "2"),
        "GET secret/data/mine": kv2({ k: "v" }),
        "GET secret/data/theirs": forbidden,
      },
      byToken,
    )
    expect(await vault.resolve("secret/data/mine/k")).toEqual(["v"])
    expect(await vault.resolve("secret/data/theirs/k")).toEqual(["PERMISSION_DENIED"])
  })
})
