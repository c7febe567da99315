import { describe, expect, test } from "vitest"
import { oversized } from "../deps.ts"
import { data, errors, kv2, login, mount, type Script, vaultWith } from "./vault-script.ts"

describe("reading", () => {
  test("every key of a path comes from one read, behind one login and one mount lookup", async () => {
    const vault = vaultWith({ "GET secret/data/app": kv2({ user: "ann", password: "" }) })
    expect(await vault.resolve("secret/data/app/user", "secret/data/app/password")).toEqual(["ann", ""])
    expect(vault.paths()).toEqual([
      "POST auth/approle/login",
      "GET sys/internal/ui/mounts/secret/data/app",
      "GET secret/data/app",
    ])
  })

  test("a later read asks for neither the login nor the mount again", async () => {
    const vault = vaultWith({
      "GET secret/data/app": kv2({ k: "1" }),
      "GET secret/data/other": kv2({ k: "2" }),
    })
    await vault.resolve("secret/data/app/k")
    expect(await vault.resolve("secret/data/other/k")).toEqual(["2"])
    expect(vault.paths().slice(3)).toEqual(["GET secret/data/other"])
  })

  test("a mount is asked for again after an hour, since it may have been upgraded", async () => {
    let version = "1"
    const vault = vaultWith({
      "POST auth/approle/login": login("s.1", { lease_duration: 2_764_800 }),
      "GET sys/internal/ui/mounts/kv/data/app": () => mount("kv/", version),
      "GET kv/data/app": () => (version === "1" ? data({ k: "one" }) : kv2({ k: "two" })),
    })
    expect(await vault.resolve("kv/data/app/k")).toEqual(["one"])
    version = "2"
    vault.deps.clock.advance(60 * 60_000)
    expect(await vault.resolve("kv/data/app/k")).toEqual(["two"])
    expect(vault.deps.sessions.logins).toBe(1)
  })

  test("every mount is asked for once, also where mounts share their first segments", async () => {
    const script: Script = {}
    const paths: string[] = []
    for (const name of ["team/a", "team/b", "team/deep/c", "plain"]) {
      for (const secret of ["x", "y", "z/z"]) {
        script[`GET sys/internal/ui/mounts/${name}/data/${secret}`] = mount(`${name}/`, "2")
        script[`GET ${name}/data/${secret}`] = kv2({ k: name })
        paths.push(`${name}/data/${secret}/k`)
      }
    }
    const vault = vaultWith(script)
    expect(await vault.resolve(...paths)).toEqual(paths.map((path) => path.split("/data/")[0]))
    expect(vault.paths().filter((line) => line.includes("ui/mounts"))).toHaveLength(4)
    expect(vault.paths().filter((line) => line.includes("/data/") && !line.includes("ui/"))).toHaveLength(12)
  })

  test("KV version 1 is read where the mount says so, also below `data`", async () => {
    const vault = vaultWith({
      "GET sys/internal/ui/mounts/old/data/app": mount("old/", null),
      "GET old/data/app": data({ k: 7 }),
    })
    expect(await vault.resolve("old/data/app/k")).toEqual(["7"])
    expect(await vault.resolve("old/data/app/k?version=2")).toEqual(["WRONG_ENGINE"])
  })

  test("a version is asked for by number, and the version read is told", async () => {
    const vault = vaultWith({ "GET secret/data/app?version=3": kv2({ k: "old" }, 3) })
    expect(await vault.resolve("secret/data/app/k?version=3")).toEqual(["old"])
    expect((await vault.fetch(["secret/data/app?version=3"])).get("secret/data/app?version=3")).toMatchObject(
      {
        version: "3",
      },
    )
  })

  test.each([
    ["missing", errors(404), "NOT_FOUND"],
    [
      "soft-deleted",
      { status: 404, body: { data: { data: null, metadata: { deletion_time: "2026-01-01T00:00:00Z" } } } },
      "DELETED",
    ],
    [
      "destroyed",
      { status: 404, body: { data: { data: null, metadata: { deletion_time: "", destroyed: true } } } },
      "DELETED",
    ],
    [
      "another KV version",
      { status: 404, body: { data: null, warnings: ["Invalid path for a versioned K/V secrets engine."] } },
      "WRONG_ENGINE",
    ],
    ["leased", data({ data: { k: "made for us" } }, { lease_id: "database/creds/r/1" }), "WRONG_ENGINE"],
    ["a proxy's page", { status: 404, body: "<html>no</html>" }, "PROVIDER_ERROR"],
    ["a page that says OK", { status: 200, body: "<html>hello</html>" }, "PROVIDER_ERROR"],
    ["without data", data(null), "PROVIDER_ERROR"],
    ["behind the cluster", errors(412), "PROVIDER_ERROR"],
    ["over a quota", errors(429), "THROTTLED"],
    ["a DR secondary", { status: 472 }, "PROVIDER_ERROR"],
    ["a performance standby", { status: 473 }, "PROVIDER_ERROR"],
    ["a failure", errors(500, "1 error occurred"), "PROVIDER_ERROR"],
    ["uninitialised", errors(501), "SEALED"],
    ["sealed", errors(503, "Vault is sealed"), "SEALED"],
  ])("an answer that is %s", async (_, answer, reason) => {
    const vault = vaultWith({ "GET secret/data/app": answer })
    expect(await vault.resolve("secret/data/app/k")).toEqual([reason])
  })

  test("a quota's waiting time is passed on", async () => {
    const vault = vaultWith({ "GET secret/data/app": { ...errors(429), retryAfterMs: 7000 } })
    const result = (await vault.fetch(["secret/data/app"])).get("secret/data/app")
    expect(result).toMatchObject({ ok: false, error: { retryAfterMs: 7000, upstream: { status: 429 } } })
  })

  test("a secret whose path ends in sys/health is missing when it is missing", async () => {
    const vault = vaultWith({
      "GET secret/data/sys/health": { status: 404, body: { data: { k: "fake" }, errors: [] } },
    })
    expect(await vault.resolve("secret/data/sys/health/k")).toEqual(["NOT_FOUND"])
  })

  test.each([
    ["database", mount("db/", null, "database")],
    ["an auth method", mount("token/", null, "token")],
    ["a namespace's own token store", mount("db/auth/token/", null, "ns_token")],
  ])("nothing is read from a mount that is %s", async (_, answer) => {
    const vault = vaultWith({ "GET sys/internal/ui/mounts/db/auth/token/lookup-self": answer })
    expect(await vault.resolve("db/auth/token/lookup-self/id")).toEqual(["WRONG_ENGINE"])
    expect(vault.paths().at(-1)).toBe("GET sys/internal/ui/mounts/db/auth/token/lookup-self")
  })

  test("nothing is read from a KV version to come", async () => {
    const vault = vaultWith({ "GET sys/internal/ui/mounts/new/data/app": mount("new/", "3") })
    expect(await vault.resolve("new/data/app/k")).toEqual(["WRONG_ENGINE"])
    expect(vault.paths()).not.toContain("GET new/data/app")
  })

  test("only `data` is read of a KV version 2 mount", async () => {
    const vault = vaultWith({})
    expect(await vault.resolve("secret/app/key", "secret/metadata/app/versions", "secret/data/key")).toEqual(
      Array(3).fill("WRONG_ENGINE"),
    )
    expect(vault.paths().slice(2)).toEqual([])
  })

  test("a failing mount lookup is not repeated for its neighbours", async () => {
    const vault = vaultWith({ "GET sys/internal/ui/mounts/secret/data/a": errors(503, "Vault is sealed") })
    expect(await vault.resolve("secret/data/a/k", "secret/data/b/k", "secret/data/c/k")).toEqual(
      Array(3).fill("SEALED"),
    )
    expect(vault.paths()).toHaveLength(2)
  })

  test("a document of more than any answer may have is told for its size, which is no failure of Vault's", async () => {
    const vault = vaultWith({
      "GET secret/data/huge": { status: 200, error: oversized("read secret") },
      "GET secret/data/app": kv2({ k: "v" }),
    })
    expect(await vault.resolve("secret/data/huge/k", "secret/data/app/k")).toEqual(["UNSUPPORTED_VALUE", "v"])
  })

  test("one document's failure leaves the others alone", async () => {
    const vault = vaultWith({ "GET secret/data/a": kv2({ k: "1" }), "GET secret/data/b": errors(500) })
    expect(await vault.resolve("secret/data/a/k", "secret/data/b/k", "secret/data/c/k")).toEqual([
      "1",
      "PROVIDER_ERROR",
      "NOT_FOUND",
    ])
  })

  test("at most eight documents are read at a time", async () => {
    let running = 0
    let most = 0
    const script: Script = {}
    const paths = Array.from({ length: 30 }, (_, n) => `secret/data/s${n}`)
    for (const path of paths) {
      script[`GET ${path}`] = async () => {
        most = Math.max(most, ++running)
        await new Promise(setImmediate)
        running--
        return kv2({ k: "v" })
      }
    }
    await vaultWith(script).fetch(paths)
    expect(most).toBe(8)
  })

  test("an abort rejects the fetch and begins nothing more", async () => {
    const abort = new AbortController()
    const paths = Array.from({ length: 30 }, (_, n) => `secret/data/s${n}`)
    const vault = vaultWith({
      "GET secret/data/s3": () => {
        abort.abort(new Error("too late"))
        return kv2({ k: "v" })
      },
    })
    await expect(vault.client.fetch(paths, abort.signal)).rejects.toThrow("too late")
    expect(vault.lines().length).toBeLessThan(12)
  })

  test("keys named like what every object has are data, or missing", async () => {
    const vault = vaultWith({
      "GET secret/data/app": { status: 200, body: '{"data":{"data":{"__proto__":"mine"},"metadata":{}}}' },
    })
    expect(await vault.resolve("secret/data/app/__proto__")).toEqual(["mine"])
    await expect(vault.resolve("secret/data/app/constructor")).rejects.toMatchObject({ reason: "NOT_FOUND" })
  })
})
