import { describe, expect, test } from "vitest"
import type * as z from "zod/mini"
import { clearCache, listConnections } from "../../core/contract/operations/connections.ts"
import { newConnectionBody, unsavedConnectionBody } from "../../core/contract/operations/new-connection.ts"
import { resolve } from "../../core/contract/operations/resolve.ts"
import { updateConnection } from "../../core/contract/operations/update-connection.ts"
import { validate } from "../../core/contract/operations/validate.ts"
import { parseInput } from "../../core/contract/parse.ts"
import { directPayload } from "../../core/contract/resolve-direct.ts"
import { LatchkeyError, type ValidationIssue } from "../../core/errors.ts"
import { providers } from "../../core/providers/registry.ts"
import { Secret } from "../../core/secret.ts"
import { fakeProviders } from "./fake-providers.ts"

const create = newConnectionBody(fakeProviders)
const update = schemaOf(updateConnection.body)
const config = { url: "https://vault.example.com", roleId: "role", secretId: "hunter2" }
const connection = { providerId: "hashicorp", name: "Vault", scope: "PLATFORM", config }
const inProject = { ...connection, scope: "PROJECT" }

function schemaOf<T>(thunk: (() => z.core.$ZodType<T>) | undefined): z.core.$ZodType<T> {
  if (thunk === undefined) throw new Error("the operation takes none")
  return thunk()
}

function issuesOf(parse: () => unknown): ValidationIssue[] {
  try {
    parse()
  } catch (error) {
    if (error instanceof LatchkeyError && error.code === "VALIDATION") return error.fields.issues ?? []
    throw error
  }
  return []
}

const pointers = (schema: z.core.$ZodType, body: unknown) =>
  issuesOf(() => parseInput(schema, body)).map(({ pointer }) => pointer)

describe("creating a connection", () => {
  test.each<[string, unknown]>([
    ["a platform's connection", connection],
    ["a project's connection", { ...inProject, projectIds: ["p1", "p2"] }],
    ["a hundred projects", { ...inProject, projectIds: Array.from({ length: 100 }, (_, i) => `p${i}`) }],
    ["the empty list that Activepieces' form sends with PLATFORM", { ...connection, projectIds: [] }],
    ["an id to keep", { ...connection, id: "V1StGXR8xZ5jdHi6BxmyT" }],
    ["a name of one character outside the BMP", { ...connection, name: "🔑" }],
    ["a name of 128 of them", { ...connection, name: "🔑".repeat(128) }],
    [
      "every setting at its bound",
      {
        ...connection,
        settings: { cacheTtlSeconds: 3600, staleIfErrorSeconds: 86_400, allowedPaths: [] },
      },
    ],
    [
      "no cache and no stale answers",
      { ...connection, settings: { cacheTtlSeconds: 0, staleIfErrorSeconds: 0 } },
    ],
    [
      "the other form of a configuration",
      { ...connection, providerId: "aws", config: { region: "r", roleArn: "a" } },
    ],
  ])("accepts %s", (_, body) => {
    expect(pointers(create, body)).toEqual([])
  })

  test.each<[string, unknown, string[]]>([
    ["nothing", undefined, [""]],
    ["an array", [], [""]],
    ["an unknown provider", { ...connection, providerId: "gcp" }, ["/providerId"]],
    ["no provider", { name: "x" }, ["/providerId"]],
    ["an empty name", { ...connection, name: "" }, ["/name"]],
    ["a name of 129 characters", { ...connection, name: "x".repeat(129) }, ["/name"]],
    ["a line break in a name", { ...connection, name: "a\nb" }, ["/name"]],
    ["a bidirectional override in a name", { ...connection, name: "a\u202eb" }, ["/name"]],
    ["a bidirectional isolate in a name", { ...connection, name: "a\u2066b" }, ["/name"]],
    ["half a character in a name", { ...connection, name: "a\ud800" }, ["/name"]],
    ["a project scope without projects", inProject, ["/projectIds"]],
    ["a project scope with an empty list", { ...inProject, projectIds: [] }, ["/projectIds"]],
    ["a project named twice", { ...inProject, projectIds: ["p", "p"] }, ["/projectIds"]],
    [
      "101 projects",
      { ...inProject, projectIds: Array.from({ length: 101 }, (_, i) => `p${i}`) },
      ["/projectIds"],
    ],
    ["an empty project id", { ...inProject, projectIds: [""] }, ["/projectIds/0"]],
    ["an id of another form", { ...connection, id: "smc_V1StGXR8_Z5jdHi6B-myT" }, ["/id"]],
    ["a platform", { ...connection, platformId: "other" }, ["/platformId"]],
    ["unknown fields, each by name", { ...connection, a: 1, "b/c": 2 }, ["/a", "/b~1c"]],
    [
      "an unknown field of the configuration",
      { ...connection, config: { ...config, port: 1 } },
      ["/config/port"],
    ],
    [
      "a configuration of another provider",
      { ...connection, config: { region: "r" } },
      ["/config/url", "/config/roleId", "/config/secretId", "/config/region"],
    ],
    [
      "a cache time over an hour",
      { ...connection, settings: { cacheTtlSeconds: 3601 } },
      ["/settings/cacheTtlSeconds"],
    ],
    ["half a second", { ...connection, settings: { cacheTtlSeconds: 0.5 } }, ["/settings/cacheTtlSeconds"]],
    [
      "stale answers over a day",
      { ...connection, settings: { staleIfErrorSeconds: 86_401 } },
      ["/settings/staleIfErrorSeconds"],
    ],
    [
      "stale answers without a cache",
      { ...connection, settings: { cacheTtlSeconds: 0, staleIfErrorSeconds: 60 } },
      ["/settings/staleIfErrorSeconds"],
    ],
    [
      "101 allowed paths",
      { ...connection, settings: { allowedPaths: Array(101).fill("a") } },
      ["/settings/allowedPaths"],
    ],
    ["a setting that does not exist", { ...connection, settings: { ttl: 1 } }, ["/settings/ttl"]],
  ])("refuses %s", (_, body, expected) => {
    expect(pointers(create, body)).toEqual(expected)
  })

  test("wraps secret fields, so that printing what was parsed shows nothing", () => {
    const parsed = parseInput(create, connection)

    expect(parsed.config).toMatchObject({ secretId: expect.any(Secret) })
    expect(JSON.stringify(parsed)).not.toContain("hunter2")
  })

  test("drops the projects of a connection that the whole platform may use", () => {
    expect(parseInput(create, { ...connection, projectIds: ["p1"] })).not.toHaveProperty("projectIds")
  })

  test("explains the form of a configuration that was most likely meant", () => {
    const body = { ...connection, providerId: "aws", config: { region: "r", accessKeyId: "AK" } }

    expect(issuesOf(() => parseInput(create, body))).toEqual([
      { pointer: "/config/secretAccessKey", message: "is required" },
    ])
  })

  test("tests what is not saved from the provider and its configuration alone, or from the whole form", () => {
    const unsaved = unsavedConnectionBody(fakeProviders)

    expect(pointers(unsaved, { providerId: "hashicorp", config })).toEqual([])
    expect(pointers(unsaved, { ...inProject, projectIds: [] })).toEqual([])
    expect(pointers(unsaved, { providerId: "hashicorp" })).toEqual(["/config"])
  })
})

describe("updating a connection", () => {
  test.each<[string, unknown]>([
    ["nothing at all", {}],
    ["a name alone", { name: "x" }],
    ["part of a configuration, with a field removed", { config: { url: "u", namespace: null } }],
    ["any path again", { settings: { allowedPaths: null } }],
    ["projects alone", { projectIds: ["p"] }],
    ["the whole body that Activepieces sends", { ...connection, projectIds: [] }],
    ["no projects on the way to the whole platform", { scope: "PLATFORM", projectIds: null }],
  ])("accepts %s", (_, body) => {
    expect(pointers(update, body)).toEqual([])
  })

  test.each<[string, unknown, string[]]>([
    ["an id", { id: "V1StGXR8xZ5jdHi6BxmyT" }, ["/id"]],
    ["a version in the body", { version: 3 }, ["/version"]],
    ["taking all projects away", { projectIds: [] }, ["/projectIds"]],
    ["taking all projects away by null", { projectIds: null }, ["/projectIds"]],
    ["a name removed", { name: null }, ["/name"]],
    ["a field of the configuration that is no text", { config: { url: 1 } }, ["/config/url"]],
    [
      "stale answers without a cache",
      { settings: { cacheTtlSeconds: 0, staleIfErrorSeconds: 1 } },
      ["/settings/staleIfErrorSeconds"],
    ],
  ])("refuses %s", (_, body, expected) => {
    expect(pointers(update, body)).toEqual(expected)
  })
})

describe("resolving", () => {
  const body = schemaOf(resolve.body)

  test.each<[string, unknown]>([
    ["null", { value: null }],
    ["false", { value: false }],
    ["everything", { value: {}, projectId: "p", onError: "report", at: ["", "/a~1b/0", "/~0"] }],
    ["no place at all", { value: 1, at: [] }],
  ])("accepts %s", (_, request) => {
    expect(pointers(body, request)).toEqual([])
  })

  test.each<[string, unknown, string[]]>([
    ["no value", {}, ["/value"]],
    ["another way to fail", { value: 1, onError: "ignore" }, ["/onError"]],
    ["a place that is no pointer", { value: 1, at: ["a"] }, ["/at/0"]],
    ["a bad escape in a pointer", { value: 1, at: ["/~2"] }, ["/at/0"]],
    ["a platform", { value: 1, platformId: "p" }, ["/platformId"]],
    ["an empty project", { value: 1, projectId: "" }, ["/projectId"]],
  ])("refuses %s", (_, request, expected) => {
    expect(pointers(body, request)).toEqual(expected)
  })

  test("fails as a whole unless told otherwise", () => {
    expect(parseInput(body, { value: 1 })).toMatchObject({ onError: "fail" })
  })

  test("passes the value on untouched, __proto__ and constructor keys included", () => {
    const value = JSON.parse('{"__proto__":{"a":1},"constructor":"x"}')

    expect(parseInput(body, { value })).toHaveProperty("value", value)
    expect(parseInput(schemaOf(validate.body), { value }).value).toBe(value)
  })

  test("takes a platform and an actor from another Lambda only", () => {
    expect(pointers(directPayload(), { platformId: "acme", value: 1, actor: "worker" })).toEqual([])
    expect(pointers(directPayload(), { value: 1 })).toEqual(["/platformId"])
  })
})

describe("parameters", () => {
  test("read the page size as a number from 1 to 100", () => {
    const query = schemaOf(listConnections.query)
    const limitOf = (limit: unknown) => parseInput(query, { limit }).limit

    expect(limitOf("1")).toBe(1)
    expect(limitOf("100")).toBe(100)
    for (const bad of ["0", "101", "-1", "1e1", "0x10", " 5", "", "1.5"])
      expect(
        issuesOf(() => limitOf(bad)),
        bad,
      ).toMatchObject([{ pointer: "/limit" }])
  })

  test("clear the whole platform only where no connection is named at all", () => {
    const query = schemaOf(clearCache.query)

    expect(parseInput(query, {})).toEqual({})
    expect(issuesOf(() => parseInput(query, { connectionId: "" }))).toMatchObject([
      { pointer: "/connectionId" },
    ])
  })
})

describe("what is told about a request that does not fit", () => {
  test("never repeats a value", () => {
    const canary = "canary-3f1c"
    const bodies = [
      { ...connection, providerId: canary },
      { ...connection, name: `${canary}\n` },
      { ...connection, scope: canary, id: canary, projectIds: canary },
      { ...connection, config: canary },
      { ...connection, config: { ...config, url: [canary] } },
      { ...connection, settings: { cacheTtlSeconds: canary } },
      { ...connection, providerId: "aws", config: { region: [canary] } },
    ]
    for (const body of bodies) {
      const issues = issuesOf(() => parseInput(create, body))
      expect(issues.length).toBeGreaterThan(0)
      expect(JSON.stringify(issues)).not.toContain(canary)
    }
  })

  test("begins with the first place that does not fit, for whoever reads only the message", () => {
    expect(() => parseInput(create, { ...connection, name: "", extra: 1 })).toThrow(
      "The request does not fit: /name: a name is 1 to 128 characters, without control or bidirectional characters (and 1 more, see issues).",
    )
    expect(() => parseInput(create, undefined)).toThrow("The request does not fit: the whole: is required.")
  })

  test("ends in one full stop, and lists nothing that cannot be sent", () => {
    const withConfig = (providerId: string, of: object) => () =>
      parseInput(newConnectionBody(providers), { ...connection, providerId, config: of })

    expect(withConfig("aws", { region: "mars-1", accessKeyId: "AKIA", secretAccessKey: "s" })).toThrow(
      "The request does not fit: /config/region: Must be a region of AWS.",
    )
    expect(withConfig("hashicorp", { url: "https://vault.example.com", authMethod: "oidc" })).toThrow(
      'The request does not fit: /config/authMethod: must be one of "approle", "token", "userpass", "jwt", "aws".',
    )
  })

  test("is bounded, in number and in the length of unknown names", () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`${"k".repeat(1000)}${i}`, 1]))
    const issues = issuesOf(() => parseInput(create, { ...connection, ...many }))

    expect(issues).toHaveLength(20)
    expect(JSON.stringify(issues).length).toBeLessThan(4000)
  })
})
