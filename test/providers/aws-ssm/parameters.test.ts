import { describe, expect, test } from "vitest"
import type { ProviderError } from "../../../core/errors.ts"
import { externalIdOf } from "../../../core/providers/aws/deployment.ts"
import { awsSsm } from "../../../core/providers/aws-ssm/index.ts"
import { readParameters } from "../../../core/providers/aws-ssm/reading.ts"
import type { ReferenceOptions } from "../../../core/references/reference-options.ts"
import { Secret } from "../../../core/secret.ts"
import { createLatchkey } from "../../../local/secret-managers/aws/admin.ts"
import { connection, sandbox } from "../aws/sandbox-client.ts"

const arn = "arn:aws:ssm:us-east-1:123456789012:parameter/prod/db"

const parsed = (path: string, options: ReferenceOptions = {}) => {
  try {
    const { document, path: canonical } = awsSsm.parsePath(path, options)
    return [canonical, document]
  } catch (error) {
    return (error as ProviderError).reason
  }
}

describe("a path", () => {
  test("is a name or an ARN; its version is no part of what allowed paths see", () => {
    expect(parsed("/prod/db")).toEqual(["/prod/db", "/prod/db"])
    expect(parsed("/prod/db:3")).toEqual(["/prod/db", "/prod/db:3"])
    expect(parsed("/prod/db", { version: "3" })).toEqual(["/prod/db", "/prod/db:3"])
    expect(parsed("/prod/db:stable")).toEqual(["/prod/db", "/prod/db:stable"])
    expect(parsed(arn)).toEqual([arn, arn])
    expect(parsed(`${arn}:3`)).toEqual([arn, `${arn}:3`])
  })

  test("is refused where no parameter is called so, or two versions are named", () => {
    for (const path of ["", "a b", "a:b:c", "a:", "ü", "a#b", "arn:aws:s3:::x"])
      expect(parsed(path)).toBe("INVALID_PATH")
    expect(parsed("a:1", { version: "2" })).toBe("INVALID_PATH")
    expect(parsed("a", { stage: "x" })).toBe("INVALID_PATH")
  })
})

describe("reading parameters", () => {
  async function filled(denied = "none") {
    const server = await sandbox()
    const names = Array.from({ length: 25 }, (_, n) => `/s/${n}`)
    for (const Name of names) server.admin.call("PutParameter", { Name, Value: Name, Type: "SecureString" })
    const { arn: _, ...key } = server.admin.createUser("reader", {
      Statement: [
        { Effect: "Allow", Action: "ssm:GetParameters", Resource: "*" },
        { Effect: "Deny", Action: "ssm:*", Resource: `arn:aws:ssm:*:*:parameter/${denied}` },
      ],
    })
    return { server, names, key, ...connection(server, key, { allowEndpoint: true }, awsSsm) }
  }

  /** What comes of two parameters where AWS answers so, and of one of them. */
  async function answered(body: object) {
    const { server, fetch } = await filled()
    server.faults.set({ body: JSON.stringify(body), operation: "GetParameters" })
    return [await fetch("/s/0", "/s/1"), await fetch("/s/0")]
  }
  const zero = {
    Name: "/s/0",
    ARN: "arn:aws:ssm:us-east-1:111122223333:parameter/s/0",
    Value: "v",
    Version: 1,
  }

  test("ten come in a call, decrypted", async () => {
    const { server, names, fetch } = await filled()
    expect(await fetch(...names)).toEqual(names.map((value) => ({ value })))
    expect(server.requests.counts).toEqual({ GetParameters: 3 })
  })

  test("where one is denied, which denies a whole call, the others are read one by one", async () => {
    const { server, fetch } = await filled("s/1")
    expect(await fetch("/s/0", "/s/1", "/s/none")).toEqual([
      { value: "/s/0" },
      "PERMISSION_DENIED",
      "NOT_FOUND",
    ])
    expect(server.requests.counts).toEqual({ GetParameters: 4 })
  })

  test("versions of one parameter are asked for apart, since some servers do not say which is which", async () => {
    const asked: string[][] = []
    const get = async (names: readonly string[]) => {
      asked.push([...names])
      const found = names.map((name) => ({
        name: name.split(":")[0] ?? "",
        arn: "",
        selector: "",
        value: name,
      }))
      return { found, invalid: [] }
    }
    const documents = ["/a", "/b", "/a:1", "/c", "/a:2", "/b:1"]
    const { signal } = new AbortController()
    const results = await readParameters({ store: { get }, documents, signal })
    expect(documents.map((document) => results.get(document))).toEqual(
      documents.map((value) => ({ ok: true, content: { value } })),
    )
    expect(asked.filter(({ length }) => length > 1)).toEqual([
      ["/a", "/b", "/c"],
      ["/a:1", "/b:1"],
    ])
  })

  test("what AWS says is invalid is missing; of what it says nothing, nothing is known", async () => {
    expect(await answered({ Parameters: [zero], InvalidParameters: ["/s/1"] })).toEqual([
      [{ value: "v" }, "NOT_FOUND"],
      [{ value: "v" }],
    ])
    expect(await answered({ Parameters: [zero], InvalidParameters: [] })).toEqual([
      [{ value: "v" }, "PROVIDER_ERROR"],
      [{ value: "v" }],
    ])
    expect(await answered({})).toEqual([["PROVIDER_ERROR", "PROVIDER_ERROR"], ["PROVIDER_ERROR"]])
    expect(await answered({ Parameters: [], InvalidParameters: ["/s/0", "/s/1"] })).toEqual([
      ["NOT_FOUND", "NOT_FOUND"],
      ["NOT_FOUND"],
    ])
  })

  test("another parameter than the one that was asked for is none, nor another version of it", async () => {
    const other = { ...zero, Name: "/s/2", ARN: zero.ARN.replace("0", "2") }
    expect(await answered({ Parameters: [other] })).toEqual([
      ["PROVIDER_ERROR", "PROVIDER_ERROR"],
      ["PROVIDER_ERROR"],
    ])
    expect(await answered({ Parameters: [{ ...zero, Selector: ":7" }] })).toEqual([
      ["PROVIDER_ERROR", "PROVIDER_ERROR"],
      ["PROVIDER_ERROR"],
    ])
  })

  test("credentials that are refused are not tried on all that is left", async () => {
    const { server, names, fetch } = await filled()
    server.faults.set({ error: "ExpiredTokenException" })
    expect(new Set(await fetch(...names, ...names.map((name) => `${name}:1`)))).toEqual(
      new Set(["BAD_CREDENTIALS"]),
    )
    expect(server.requests.count("GetParameters")).toBeLessThanOrEqual(8)
  })

  test("errors speak of parameters and labels, not of secrets and stages", async () => {
    const { server, client, check } = await filled("s/1")
    const messages = async (...documents: string[]) => {
      const results = await client.fetch(documents, new AbortController().signal)
      return documents.map((document) => {
        const result = results.get(document)
        return result?.ok === false ? result.error.message : "a value"
      })
    }
    const said = await messages("/s/1", "/s/none", "/s/0:none")
    for (const error of [
      "InvalidKeyId",
      "ValidationException",
      "ThrottlingException",
      "InternalServerError",
    ]) {
      server.faults.set({ error })
      said.push(...(await messages("/s/0")))
    }
    server.faults.clear()
    expect(said).not.toContain("a value")
    expect(said[0]).toContain("ssm:GetParameters")
    expect(said[1]).toMatch(/no such parameter .* version or label/)
    for (const message of said) expect(message).not.toMatch(/secret|stage/i)
    expect((await check()).steps.at(-1)).toMatchObject({ name: "authenticate", ok: true })
  })

  test("an ARN finds what its name does", async () => {
    const { fetch } = await filled()
    const own = "arn:aws:ssm:us-east-1:111122223333:parameter/s/3"
    expect(await fetch("/s/3", own, `${own}:1`, "/s/3:2")).toEqual([
      ...Array(3).fill({ value: "/s/3" }),
      "NOT_FOUND",
    ])
  })
})

describe("browsing parameters", () => {
  const list = { Effect: "Allow", Action: "ssm:DescribeParameters", Resource: "*" } as const

  async function filled(...names: string[]) {
    const server = await sandbox()
    for (const Name of names)
      server.admin.call("PutParameter", { Name, Value: "value-canary", Type: "String" })
    const { arn: _, ...key } = server.admin.createUser("lister", { Statement: [list] })
    const { client } = connection(server, key, { allowEndpoint: true }, awsSsm)
    const { signal } = new AbortController()
    const browse = async (prefix: string, cursor?: string) => {
      const page = await client.browse?.(prefix, cursor, signal)
      if (!page) throw new Error("The provider has no `browse`.")
      return page
    }
    return { server, browse }
  }
  const shown = ({ data }: { data: { path: string; name: string; kind: string }[] }) =>
    data.map(({ path, name, kind }) => `${kind} ${path} ${name}`).sort()

  test("shows folders and names, with the slash that a name begins with", async () => {
    const { browse } = await filled("/prod/db/password", "/prod/key", "plain", "/top", "team/x")
    expect(shown(await browse(""))).toEqual([
      "folder /prod/ /prod",
      "folder team/ team",
      "secret /top /top",
      "secret plain plain",
    ])
    expect(shown(await browse("/prod/"))).toEqual(["folder /prod/db/ db", "secret /prod/key key"])
    expect(shown(await browse("/"))).toEqual(["folder /prod/ prod", "secret /top top"])
    expect(shown(await browse("/pr"))).toEqual(["folder /prod/ prod"])
  })

  test("shows a folder once, on however many pages its names are, in whatever order", async () => {
    const names = Array.from({ length: 700 }, (_, n) => `/team-${n % 3}/${n}`)
    const { browse, server } = await filled(...names, ...names.slice(0, 200).map((name) => name.slice(1)))
    const entries = []
    let cursor: string | undefined
    let pages = 0
    do {
      const page = await browse("", cursor)
      entries.push(...page.data)
      cursor = page.next
      pages++
    } while (cursor !== undefined)
    expect(pages).toBe(4)
    expect(entries.map(({ path }) => path).sort()).toEqual(
      ["/team-0/", "/team-1/", "/team-2/", "team-0/", "team-1/", "team-2/"].sort(),
    )
    expect(server.requests.count("DescribeParameters")).toBe(18)
  })

  test("remembers no more folders than a cursor has room for", async () => {
    const names = Array.from({ length: 400 }, (_, n) => `/${String(n).repeat(40).slice(0, 90)}-${n}/x`)
    const { browse } = await filled(...names)
    const { next } = await browse("")
    expect(next?.length).toBeLessThan(4_000)
    expect((await browse("", next)).data.length).toBeGreaterThan(90)
  })

  test("asks for no values", async () => {
    const { browse, server } = await filled("/a/b")
    await browse("/a/")
    expect(server.requests.counts).toEqual({ DescribeParameters: 1 })
  })

  test("says that it needs a right where AWS denies it, and what no prefix can be", async () => {
    const { server, browse } = await filled()
    server.faults.set({ error: "AccessDeniedException" })
    await expect(browse("")).rejects.toThrow("ssm:DescribeParameters")
    await expect(browse("a b")).rejects.toMatchObject({ reason: "INVALID_PATH" })
    await expect(browse("", "null")).rejects.toMatchObject({ reason: "INVALID_PATH" })
  })
})

test("a check reports the account that the credentials are of, by a key and by a role", async () => {
  const server = await sandbox()
  const byKey = connection(server, { ...server.admin.accessKey }, { endpoint: () => server.url }, awsSsm)
  expect(await byKey.check()).toMatchObject({ aws: { account: "111122223333" } })

  const { arn, ...key } = createLatchkey(server.admin)
  const credentials = async () => ({ ...key, secretAccessKey: new Secret(key.secretAccessKey) })
  const principal = { deploymentId: "prod", arn, credentials }
  const externalId = await externalIdOf("prod", "acme")
  const roleArn = server.admin.createRole("r", { trusts: [arn], externalId, policy: { Statement: [] } })
  const byRole = connection(server, { roleArn }, { endpoint: () => server.url, principal }, awsSsm)
  expect(await byRole.check()).toMatchObject({ aws: { account: "111122223333" } })
})
