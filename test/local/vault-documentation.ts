import { beforeAll, describe, expect, test } from "vitest"

/** One answer, with the parts of Vault's envelope that the tests look at. */
interface Reply {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes, each asserted where it is read
  body: any
}

export interface CallOptions {
  token?: string
  body?: unknown
  namespace?: string
  headers?: Record<string, string>
}

/** A caller of one server; the token is the root token unless another one, or none (`""`), is given. */
export function caller(url: string, rootToken: string) {
  return async (method: string, path: string, options: CallOptions = {}): Promise<Reply> => {
    const { token = rootToken, body, namespace, headers } = options
    const answer = await fetch(`${url}/v1/${path}`, {
      method,
      headers: {
        ...(token ? { "x-vault-token": token } : {}),
        ...(namespace ? { "x-vault-namespace": namespace } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    })
    const text = await answer.text()
    return {
      status: answer.status,
      headers: answer.headers,
      body: text === "" ? undefined : JSON.parse(text),
    }
  }
}

type Call = ReturnType<typeof caller>

const denied = expect.stringContaining("permission denied")

/**
 * What Vault's documentation promises, held against any server that speaks its API: the sandbox's in every test run,
 * OpenBao in the live ones. The server is expected fresh, with KV version 2 at `secret/`, reachable at 127.0.0.1.
 */
export function describeVault(name: string, server: () => { url: string; rootToken: string }): void {
  describe(`${name}, by Vault's documentation`, () => {
    let call: Call
    const tokenFor = async (policy: string, parameters: object = {}, namespace?: string) => {
      const id = `p${Math.random().toString(36).slice(2)}`
      const within = namespace === undefined ? {} : { namespace }
      await call("PUT", `sys/policies/acl/${id}`, { body: { policy }, ...within })
      const { body } = await call("POST", "auth/token/create", {
        body: { policies: [id], ttl: "1h", ...parameters },
        ...within,
      })
      return String(body.auth.client_token)
    }

    beforeAll(async () => {
      const { url, rootToken } = server()
      call = caller(url, rootToken)
      await call("POST", "sys/mounts/one", { body: { type: "kv", options: { version: "1" } } })
      await call("POST", "sys/auth/role-login", { body: { type: "approle" } })
      await call("POST", "sys/auth/userpass", { body: { type: "userpass" } })
    })

    describe("KV version 2", () => {
      test("a written secret reads back in the envelope, with its metadata", async () => {
        const written = await call("POST", "secret/data/v2/a", {
          body: { data: { b: "1", a: { n: [1, null] } } },
        })
        const read = await call("GET", "secret/data/v2/a")

        expect(written.body.data).toMatchObject({ version: 1, deletion_time: "", destroyed: false })
        expect(read.status).toBe(200)
        expect(Object.keys(read.body).sort()).toEqual(
          [
            "auth",
            "data",
            "lease_duration",
            "lease_id",
            "renewable",
            "request_id",
            "warnings",
            "wrap_info",
          ].sort(),
        )
        expect(read.body).toMatchObject({ lease_id: "", lease_duration: 0, renewable: false, warnings: null })
        expect(read.body.data.data).toEqual({ b: "1", a: { n: [1, null] } })
        expect(read.body.data.metadata).toEqual({ ...written.body.data, custom_metadata: null })
        expect(read.headers.get("content-type")).toBe("application/json")
        expect(read.headers.get("cache-control")).toBe("no-store")
      })

      test("older versions are read by number, and none or 0 means the latest", async () => {
        for (const v of ["one", "two"])
          await call("PUT", "secret/data/v2/versions", { body: { data: { v } } })

        const value = async (query: string) =>
          (await call("GET", `secret/data/v2/versions${query}`)).body.data.data.v
        expect(await value("?version=1")).toBe("one")
        expect(await value("")).toBe("two")
        expect(await value("?version=0")).toBe("two")
        expect(await call("GET", "secret/data/v2/versions?version=9")).toMatchObject({
          status: 404,
          body: { errors: [] },
        })
        expect((await call("GET", "secret/data/v2/versions?version=x")).status).toBe(400)
      })

      test("what was never there is a 404 with no errors in it", async () => {
        for (const path of ["data", "metadata", "subkeys"])
          expect(await call("GET", `secret/${path}/v2/none`)).toMatchObject({
            status: 404,
            body: { errors: [] },
          })
      })

      test("a deleted version is a 404 that says when, and can be undeleted", async () => {
        await call("POST", "secret/data/v2/deleted", { body: { data: { v: "x" } } })
        expect((await call("DELETE", "secret/data/v2/deleted")).status).toBe(204)

        const gone = await call("GET", "secret/data/v2/deleted")
        expect(gone.status).toBe(404)
        expect(gone.body.errors).toBeUndefined()
        expect(gone.body.data.data).toBeNull()
        expect(gone.body.data.metadata.deletion_time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
        expect(gone.body.data.metadata.destroyed).toBe(false)

        await call("POST", "secret/undelete/v2/deleted", { body: { versions: [1] } })
        expect((await call("GET", "secret/data/v2/deleted")).status).toBe(200)
      })

      test("a destroyed version is a 404 that says so, for good", async () => {
        await call("POST", "secret/data/v2/destroyed", { body: { data: { v: "x" } } })
        await call("PUT", "secret/destroy/v2/destroyed", { body: { versions: [1] } })
        await call("POST", "secret/undelete/v2/destroyed", { body: { versions: [1] } })

        const gone = await call("GET", "secret/data/v2/destroyed")
        expect(gone.status).toBe(404)
        expect(gone.body.data).toMatchObject({ data: null, metadata: { destroyed: true, version: 1 } })
      })

      test("check-and-set refuses a write onto another version", async () => {
        await call("POST", "secret/data/v2/cas", { body: { data: { v: 1 }, options: { cas: 0 } } })
        const stale = await call("POST", "secret/data/v2/cas", {
          body: { data: { v: 2 }, options: { cas: 0 } },
        })
        expect(stale).toMatchObject({
          status: 400,
          body: { errors: ["check-and-set parameter did not match the current version"] },
        })
        expect((await call("POST", "secret/data/v2/cas", { body: { v: 2 } })).body.errors).toEqual([
          "no data provided",
        ])
      })

      test("a merge patch changes some keys and drops those that are null", async () => {
        await call("POST", "secret/data/v2/patch", { body: { data: { a: 1, b: { c: 2, d: 3 } } } })
        const patch = { data: { a: null, b: { c: 4 } } }
        expect((await call("PATCH", "secret/data/v2/patch", { body: patch })).status).toBe(415)
        const headers = { "content-type": "application/merge-patch+json" }
        expect((await call("PATCH", "secret/data/v2/patch", { body: patch, headers })).status).toBe(200)
        expect((await call("GET", "secret/data/v2/patch")).body.data.data).toEqual({ b: { c: 4, d: 3 } })
      })

      test("a list gives the names directly below, folders with a slash, by either way of asking", async () => {
        for (const path of ["list/a", "list/a/b/c", "list/d"])
          await call("POST", `secret/data/${path}`, { body: { data: {} } })

        for (const [method, path] of [
          ["LIST", "secret/metadata/list"],
          ["LIST", "secret/metadata/list/"],
          ["GET", "secret/metadata/list?list=true"],
        ] as const)
          expect((await call(method, path)).body.data).toEqual({ keys: ["a", "a/", "d"] })
        expect(await call("LIST", "secret/metadata/list/d")).toMatchObject({
          status: 404,
          body: { errors: [] },
        })
        expect((await call("LIST", "secret/metadata")).body.data.keys).toContain("list/")
      })

      test("metadata tells of every version without a value, and takes notes", async () => {
        for (const v of [1, 2]) await call("POST", "secret/data/v2/meta", { body: { data: { v } } })
        await call("POST", "secret/metadata/v2/meta", { body: { custom_metadata: { owner: "ann" } } })

        const { body } = await call("GET", "secret/metadata/v2/meta")
        expect(body.data).toMatchObject({
          current_version: 2,
          oldest_version: 0,
          custom_metadata: { owner: "ann" },
        })
        expect(Object.keys(body.data.versions)).toEqual(["1", "2"])

        expect((await call("DELETE", "secret/metadata/v2/meta")).status).toBe(204)
        expect((await call("GET", "secret/data/v2/meta?version=1")).status).toBe(404)
      })

      test("subkeys show the shape of a secret and none of its values", async () => {
        await call("POST", "secret/data/v2/shape", {
          body: { data: { a: "x", b: { c: "y" }, d: {}, e: [1] } },
        })
        const subkeys = async (query: string) =>
          (await call("GET", `secret/subkeys/v2/shape${query}`)).body.data.subkeys
        expect(await subkeys("")).toEqual({ a: null, b: { c: null }, d: null, e: null })
        expect(await subkeys("?depth=1")).toEqual({ a: null, b: null, d: null, e: null })
      })

      test("a path as version 1 has it is a 404 whose warning tells", async () => {
        const answer = await call("GET", "secret/v2/a")
        expect(answer.status).toBe(404)
        expect(answer.body.data).toBeNull()
        expect(answer.body.warnings).toEqual([
          expect.stringMatching(/^Invalid path for a versioned K\/V secrets engine\. See the API docs/),
        ])
      })

      test("names with spaces, accents, percent signs and plus signs are kept apart by encoding", async () => {
        for (const name of ["é #?", "100%", "a+b", "a b", "__proto__"]) {
          const path = `secret/data/names/${encodeURIComponent(name)}`
          await call("POST", path, { body: { data: { name } } })
          expect((await call("GET", path)).body.data.data).toEqual({ name })
        }
        expect((await call("LIST", "secret/metadata/names")).body.data.keys).toEqual(
          ["100%", "__proto__", "a b", "a+b", "é #?"].sort(),
        )
      })

      test("a key called __proto__ is data", async () => {
        await call("POST", "secret/data/v2/proto", { body: '{"data":{"__proto__":{"x":1}}}' })
        const { data } = (await call("GET", "secret/data/v2/proto")).body.data
        expect(Object.entries(data)).toEqual([["__proto__", { x: 1 }]])
      })
    })

    describe("KV version 1", () => {
      test("one value a path, with the interval after which to read it again as its lease", async () => {
        expect((await call("POST", "one/app/a", { body: { k: "v", ttl: "1h" } })).status).toBe(204)
        const read = await call("GET", "one/app/a")
        expect(read.body).toMatchObject({ lease_id: "", lease_duration: 3600, data: { k: "v", ttl: "1h" } })

        expect((await call("LIST", "one/app")).body.data).toEqual({ keys: ["a"] })
        expect((await call("DELETE", "one/app/a")).status).toBe(204)
        expect(await call("GET", "one/app/a")).toMatchObject({ status: 404, body: { errors: [] } })
        expect((await call("POST", "one/app/a", { body: {} })).body.errors).toEqual(["missing data fields"])
      })

      test("a path as version 2 has it is simply not there", async () => {
        await call("POST", "one/b", { body: { k: "v" } })
        expect(await call("GET", "one/data/b")).toMatchObject({ status: 404, body: { errors: [] } })
      })

      test("numbers come back exactly as they were written", async () => {
        await call("POST", "one/numbers", { body: '{"big":12345678901234567890,"real":1.0}' })
        const answer = await fetch(`${server().url}/v1/one/numbers`, {
          headers: { "x-vault-token": server().rootToken },
        })
        expect(await answer.text()).toContain('{"big":12345678901234567890,"real":1.0}')
      })
    })

    describe("logging in", () => {
      const role = async (name: string, parameters: object) => {
        await call("POST", `auth/role-login/role/${name}`, { body: parameters })
        const id = (await call("GET", `auth/role-login/role/${name}/role-id`)).body.data.role_id
        const secret = (await call("POST", `auth/role-login/role/${name}/secret-id`)).body.data.secret_id
        return { role_id: id, secret_id: secret }
      }
      const login = (body: unknown) => call("POST", "auth/role-login/login", { token: "", body })

      test("by AppRole, at any mount, gives a token with the role's policies and time", async () => {
        const { body, status } = await login(await role("plain", { token_policies: "app", token_ttl: "20m" }))
        expect(status).toBe(200)
        expect(body.data).toBeNull()
        expect(body.auth).toMatchObject({
          policies: ["app", "default"],
          token_policies: ["app", "default"],
          lease_duration: 1200,
          renewable: true,
          token_type: "service",
          orphan: true,
          metadata: { role_name: "plain" },
        })

        const self = await call("GET", "auth/token/lookup-self", { token: body.auth.client_token })
        expect(self.body.data).toMatchObject({
          id: body.auth.client_token,
          path: "auth/role-login/login",
          creation_ttl: 1200,
          display_name: "role-login",
        })
      })

      test("a secret id serves as often as it was made for, and then fails like a wrong one", async () => {
        const credentials = await role("twice", { secret_id_num_uses: 2 })
        expect((await login(credentials)).status).toBe(200)
        expect((await login(credentials)).status).toBe(200)

        const wrong = { status: 400, body: { errors: ["invalid role or secret ID"] } }
        expect(await login(credentials)).toMatchObject(wrong)
        expect(await login({ ...credentials, role_id: "made-up" })).toMatchObject(wrong)
        expect((await login({ role_id: credentials.role_id })).body.errors).toEqual(["missing secret_id"])
      })

      test("a batch token can neither be renewed nor revoked, nor keep a cubbyhole", async () => {
        const credentials = await role("batch", { token_type: "batch", token_ttl: "5m" })
        const { auth } = (await login(credentials)).body
        expect(auth).toMatchObject({ token_type: "batch", renewable: false, accessor: "" })

        const token = auth.client_token
        expect((await call("POST", "auth/token/renew-self", { token })).status).toBe(400)
        expect((await call("POST", "auth/token/revoke-self", { token })).status).toBe(400)
        expect((await call("GET", "cubbyhole/x", { token })).status).toBe(400)
        expect((await call("GET", "auth/token/lookup-self", { token })).body.data.type).toBe("batch")
      })

      test("by user name and password, whatever the case of the name", async () => {
        await call("POST", "auth/userpass/users/Ann", { body: { password: "right", token_policies: "app" } })
        const attempt = (password: string, user = "ann") =>
          call("POST", `auth/userpass/login/${user}`, { token: "", body: { password } })

        expect((await attempt("right")).body.auth).toMatchObject({ metadata: { username: "ann" } })
        for (const failed of [await attempt("wrong"), await attempt("right", "bob")])
          expect(failed).toMatchObject({ status: 400, body: { errors: ["invalid username or password"] } })
      })

      test("a mount that does not exist answers like everything that needs a token", async () => {
        expect((await call("POST", "auth/nowhere/login", { token: "", body: {} })).status).toBe(403)
      })
    })

    describe("tokens", () => {
      test("none, a made-up one and a revoked one are all 403", async () => {
        const token = await tokenFor('path "secret/data/*" { capabilities = ["read"] }')
        expect((await call("POST", "auth/token/revoke-self", { token })).status).toBe(204)
        for (const bad of ["", "hvs.made-up", token])
          expect(await call("GET", "secret/data/v2/a", { token: bad })).toMatchObject({
            status: 403,
            body: { errors: [denied] },
          })
      })

      test("travel as X-Vault-Token or as a bearer", async () => {
        const authorization = `Bearer ${server().rootToken}`
        const answer = await call("GET", "auth/token/lookup-self", { token: "", headers: { authorization } })
        expect(answer.body.data.policies).toEqual(["root"])
      })

      test("one with a number of uses is gone after them", async () => {
        const token = await tokenFor('path "secret/data/*" { capabilities = ["read"] }', { num_uses: 2 })
        const status = async () => (await call("GET", "secret/data/v2/none", { token })).status
        expect([await status(), await status(), await status()]).toEqual([404, 404, 403])
      })

      test("without the default policy it cannot look itself up, though its reads work", async () => {
        const token = await tokenFor('path "secret/data/*" { capabilities = ["read"] }', {
          no_default_policy: true,
        })
        expect((await call("GET", "auth/token/lookup-self", { token })).status).toBe(403)
        expect((await call("GET", "secret/data/v2/a", { token })).status).toBe(200)
        expect((await call("GET", "sys/internal/ui/mounts/secret", { token })).status).toBe(200)
      })

      test("a token's end takes its children with it", async () => {
        const parent = await tokenFor('path "auth/token/create" { capabilities = ["update"] }')
        const child = (await call("POST", "auth/token/create", { token: parent, body: {} })).body.auth
          .client_token
        await call("POST", "auth/token/revoke-self", { token: parent })
        expect((await call("GET", "auth/token/lookup-self", { token: child })).status).toBe(403)
      })
    })

    describe("policies", () => {
      const readable = async (policy: string, path: string) => {
        const token = await tokenFor(policy)
        return (await call("GET", path, { token })).status !== 403
      }

      test("deny by default, also where nothing is mounted", async () => {
        const token = await tokenFor('path "secret/data/other" { capabilities = ["read"] }')
        for (const path of ["secret/data/v2/a", "nowhere/x", "sys/mounts", "secret/metadata/v2?list=true"])
          expect((await call("GET", path, { token })).body.errors).toEqual([denied])
      })

      test("an exact path, a prefix and a segment grant what they match and no more", async () => {
        const grant = (path: string) => `path "${path}" { capabilities = ["read"] }`
        expect(await readable(grant("secret/data/v2/a"), "secret/data/v2/a")).toBe(true)
        expect(await readable(grant("secret/data/v2"), "secret/data/v2/a")).toBe(false)
        expect(await readable(grant("secret/data/v*"), "secret/data/v2/a")).toBe(true)
        expect(await readable(grant("secret/+/v2/a"), "secret/data/v2/a")).toBe(true)
        expect(await readable(grant("secret/+/a"), "secret/data/v2/a")).toBe(false)
        expect(await readable(grant("secret/+/v2/*"), "secret/data/v2/a")).toBe(true)
      })

      test("only the most specific pattern counts, and deny beats all else in it", async () => {
        const policy = `
          # everything, but one
          path "secret/data/*" { capabilities = ["read"] }
          path "secret/data/v2/a" { capabilities = ["deny", "read"] }`
        expect(await readable(policy, "secret/data/v2/a")).toBe(false)
        expect(await readable(policy, "secret/data/v2/b")).toBe(true)
      })

      test("creating and changing are two capabilities", async () => {
        const token = await tokenFor('path "secret/data/v2/once" { capabilities = ["create"] }')
        const write = () => call("POST", "secret/data/v2/once", { token, body: { data: {} } })
        expect((await write()).status).toBe(200)
        expect((await write()).status).toBe(403)
      })

      test("a list needs its own capability, on the folder with or without its slash", async () => {
        for (const path of ["secret/metadata/list", "secret/metadata/list/", "secret/metadata/+"]) {
          const token = await tokenFor(`path "${path}" { capabilities = ["list"] }`)
          expect((await call("LIST", "secret/metadata/list", { token })).status).toBe(200)
          expect((await call("GET", "secret/metadata/list", { token })).status).toBe(403)
        }
      })

      test("sealing needs sudo besides", async () => {
        const token = await tokenFor('path "sys/seal" { capabilities = ["update"] }')
        expect((await call("PUT", "sys/seal", { token })).status).toBe(403)
      })
    })

    describe("other engines", () => {
      test("sys/internal/ui/mounts names the mount to who may reach into it, and hides it from others", async () => {
        const token = await tokenFor('path "secret/data/v2/*" { capabilities = ["read"] }')
        for (const path of ["secret", "secret/", "secret/data/v2/a"])
          expect((await call("GET", `sys/internal/ui/mounts/${path}`, { token })).body.data).toMatchObject({
            type: "kv",
            path: "secret/",
            options: { version: "2" },
          })
        expect((await call("GET", "sys/internal/ui/mounts/cubbyhole", { token })).body.data).toMatchObject({
          type: "cubbyhole",
          options: null,
        })
        for (const hidden of ["one", "nowhere"])
          expect((await call("GET", `sys/internal/ui/mounts/${hidden}`, { token })).status).toBe(403)
        expect((await call("GET", "sys/internal/ui/mounts/secret", { token: "" })).status).toBe(403)
        expect((await call("GET", "sys/internal/ui/mounts", { token: "" })).body.data).toEqual({
          auth: {},
          secret: {},
        })
      })

      test("a cubbyhole is its token's own", async () => {
        const [mine, other] = [await tokenFor(""), await tokenFor("")]
        await call("POST", "cubbyhole/x", { token: mine, body: { k: "v" } })
        expect((await call("GET", "cubbyhole/x", { token: mine })).body.data).toEqual({ k: "v" })
        expect((await call("GET", "cubbyhole/x", { token: other })).status).toBe(404)
      })

      test("a path that leads to no mount says so to who may ask", async () => {
        expect((await call("GET", "nowhere/x")).body.errors).toEqual([
          'no handler for route "nowhere/x". route entry not found.',
        ])
      })

      test("sys/mounts lists what is mounted", async () => {
        const { data } = (await call("GET", "sys/mounts")).body
        expect(data["secret/"]).toMatchObject({ type: "kv", options: { version: "2" } })
        expect(data["one/"]).toMatchObject({ type: "kv", options: { version: "1" } })
      })
    })

    describe("namespaces", () => {
      beforeAll(async () => {
        await call("POST", "sys/namespaces/team", { body: {} })
        await call("POST", "sys/mounts/kv", {
          body: { type: "kv", options: { version: "1" } },
          namespace: "team",
        })
        await call("POST", "kv/a", { body: { k: "team" }, namespace: "team" })
      })

      test("are chosen by header or by path", async () => {
        for (const [path, namespace] of [
          ["kv/a", "team"],
          ["kv/a", "/team/"],
          ["team/kv/a", ""],
        ] as const)
          expect((await call("GET", path, { namespace })).body.data).toEqual({ k: "team" })
        expect((await call("GET", "kv/a")).status).toBe(404)
        expect((await call("GET", "kv/a", { namespace: "nowhere" })).status).toBe(404)
      })

      test("keep their tokens inside", async () => {
        const token = await tokenFor('path "kv/*" { capabilities = ["read"] }', {}, "team")
        expect((await call("GET", "kv/a", { token, namespace: "team" })).status).toBe(200)
        expect((await call("GET", "one/b", { token })).status).toBe(403)
        const self = await call("GET", "auth/token/lookup-self", { token, namespace: "team" })
        expect(self.body.data.namespace_path).toBe("team/")
      })

      test("are reached from above by a policy with their path", async () => {
        const token = await tokenFor('path "team/kv/*" { capabilities = ["read"] }')
        expect((await call("GET", "kv/a", { token, namespace: "team" })).status).toBe(200)
      })
    })

    describe("what is wrong with a request", () => {
      test.each([
        ["{nope", "failed to decode JSON input"],
        ["[1]", "failed to decode JSON input"],
        ["", "no data provided"],
      ])("the body %j is a 400", async (body, message) => {
        const answer = await call("POST", "secret/data/v2/a", { body })
        expect(answer.status).toBe(400)
        expect(answer.body.errors[0]).toContain(message)
      })

      test("an operation that the path has not is a 405, and an unknown sys path a 404", async () => {
        expect((await call("LIST", "secret/data/v2")).status).toBe(405)
        expect((await call("POST", "sys/nowhere", { body: {} })).status).toBe(404)
      })
    })

    test("sys/health tells an active server from a sealed one by its status, which the caller may choose", async () => {
      expect(await call("GET", "sys/health", { token: "" })).toMatchObject({
        status: 200,
        body: { initialized: true, sealed: false, standby: false },
      })
      expect((await call("GET", "sys/health?activecode=218", { token: "" })).status).toBe(218)
      expect((await call("GET", "sys/seal-status", { token: "" })).body).toMatchObject({
        sealed: false,
        t: 1,
      })
    })
  })
}

/** Seals the server and unseals it by its key: the last of the tests on a server. */
export function describeSealing(
  name: string,
  server: () => { url: string; rootToken: string; unsealKey: string },
) {
  test(`${name}, sealed, answers 503 until its key unseals it, and has lost nothing`, async () => {
    const { url, rootToken, unsealKey } = server()
    const call = caller(url, rootToken)
    await call("POST", "secret/data/sealing", { body: { data: { k: "v" } } })
    expect((await call("PUT", "sys/seal")).status).toBe(204)

    const sealed = { status: 503, body: { errors: ["Vault is sealed"] } }
    expect(await call("GET", "secret/data/sealing")).toMatchObject(sealed)
    expect(await call("POST", "auth/approle/login", { token: "", body: {} })).toMatchObject(sealed)
    expect(await call("GET", "sys/health")).toMatchObject({
      status: 503,
      body: { sealed: true, standby: true },
    })
    expect((await call("GET", "sys/health?sealedcode=299")).status).toBe(299)
    expect((await call("GET", "sys/seal-status")).body).toMatchObject({ sealed: true, progress: 0 })

    expect((await call("PUT", "sys/unseal", { token: "", body: { key: "zzz" } })).status).toBe(400)
    const unsealed = await call("PUT", "sys/unseal", { token: "", body: { key: unsealKey } })
    expect(unsealed).toMatchObject({ status: 200, body: { sealed: false } })
    expect((await call("GET", "secret/data/sealing")).body.data.data).toEqual({ k: "v" })
  })
}
