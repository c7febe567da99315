import { describe, expect, test } from "vitest"
import { providerViews } from "../../core/connections/provider-views.ts"
import {
  changedDestinations,
  completeConfig,
  createRequest,
  formOf,
  newForm,
  problemsOf,
  rebase,
  updateRequest,
} from "../../web/src/editor/form.ts"
import { fieldsInPlay } from "../../web/src/editor/provider-fields.ts"
import { connection } from "./connections.ts"

const providers = await providerViews("acme", {})

function providerOf(id: string) {
  const provider = providers.find((one) => one.id === id)
  if (!provider) throw new Error(`no provider ${id}`)
  return provider
}

const vault = providerOf("hashicorp")
const shown = (id: string, form: Record<string, string>) =>
  fieldsInPlay(providerOf(id), form).map(({ name }) => name)

describe("the fields of a provider", () => {
  test("are those of the chosen method, and those for all", () => {
    expect(shown("hashicorp", { "config.authMethod": "approle" })).toEqual(
      expect.arrayContaining(["url", "roleId", "secretId", "caCertificate"]),
    )
    expect(shown("hashicorp", { "config.authMethod": "approle" })).not.toContain("token")
    expect(shown("hashicorp", { "config.authMethod": "token" })).toContain("token")
    expect(shown("hashicorp", { "config.authMethod": "token" })).not.toContain("secretId")
    expect(shown("cyberark-conjur", { "config.authMethod": "jwt" })).not.toContain("apiKey")
  })

  test("may be for several options, and an option's label may have an and of its own", () => {
    for (const method of ["jwt", "aws"])
      expect(shown("hashicorp", { "config.authMethod": method })).toContain("role")
    expect(shown("hashicorp", { "config.authMethod": "approle" })).not.toContain("role")
    expect(shown("hashicorp", { "config.authMethod": "userpass" })).toContain("password")
  })

  test("are those of the usual method where nothing is chosen", () => {
    expect(shown("hashicorp", {})).toEqual(shown("hashicorp", { "config.authMethod": "approle" }))
  })

  test("are all in play where no choice tells them apart", () => {
    expect(shown("onepassword", {})).toHaveLength(providerOf("onepassword").fields.length)
  })
})

describe("a new connection", () => {
  test("is sent without what is empty, out of play or not its scope's", () => {
    const form = {
      ...newForm(vault),
      name: " Production ",
      projectIds: "a\nb",
      "config.url": "https://vault",
      "config.roleId": "r",
      "config.secretId": "s",
      "config.token": "typed, then another method chosen",
    }
    expect(createRequest(form, vault)).toEqual({
      providerId: "hashicorp",
      name: "Production",
      scope: "PLATFORM",
      config: { url: "https://vault", authMethod: "approle", roleId: "r", secretId: "s" },
      settings: { cacheTtlSeconds: 3600, staleIfErrorSeconds: 0 },
    })
    expect(createRequest({ ...form, scope: "PROJECT" }, vault).projectIds).toEqual(["a", "b"])
  })

  test("is not sent while something that is needed is missing", () => {
    const form = { ...newForm(vault), scope: "PROJECT", "settings.cacheTtlSeconds": "an hour" }
    expect(Object.keys(problemsOf(form, vault)).sort()).toEqual([
      "config.url",
      "name",
      "projectIds",
      "settings.cacheTtlSeconds",
    ])
  })
})

describe("an edited connection", () => {
  const base = connection({
    settings: { cacheTtlSeconds: 60, staleIfErrorSeconds: 0, allowedPaths: ["a/**"] },
  })
  const change = (next: Record<string, string>) => updateRequest({ ...formOf(base), ...next }, vault, base)

  test("that was not changed asks for nothing", () => {
    expect(change({})).toEqual({})
    expect(problemsOf(formOf(base), vault, base)).toEqual({})
  })

  test("is sent without config unless that changed, so that it works while the server is down", () => {
    expect(change({ name: "Other" })).toEqual({ name: "Other" })
    expect(change({ scope: "PROJECT", projectIds: "p1" })).toEqual({ scope: "PROJECT", projectIds: ["p1"] })
    expect(change({ "settings.restricts": "" })).toEqual({ settings: { allowedPaths: null } })
    expect(change({ "settings.allowedPaths": "" })).toEqual({ settings: { allowedPaths: [] } })
  })

  test("keeps stored secrets that were left empty, and removes what was emptied or fell out of play", () => {
    expect(change({ "config.roleId": "other" })).toEqual({ config: { roleId: "other" } })
    expect(change({ "config.authMethod": "token", "config.token": "t" })).toEqual({
      config: { authMethod: "token", token: "t", roleId: null, secretId: null },
    })
    expect(change({ "remove.secretId": "yes" })).toEqual({ config: { secretId: null } })
  })

  test("names the destinations that change, for which secrets must come again", () => {
    expect(changedDestinations({ ...formOf(base), "config.url": "https://b" }, vault, base)).toEqual(["URL"])
    expect(changedDestinations({ ...formOf(base), "config.probePath": "a/b" }, vault, base)).toEqual([])
  })

  test("is not sent where a destination changes and a stored secret would go there", () => {
    const moved = { ...formOf(base), "config.url": "https://b" }
    expect(problemsOf(moved, vault, base)).toEqual({
      "config.secretId": expect.stringContaining("since URL changed"),
    })
    expect(problemsOf({ ...moved, "config.secretId": "s" }, vault, base)).toEqual({})
    expect(problemsOf({ ...moved, "remove.secretId": "yes" }, vault, base)).toEqual({})
  })

  test("can be tested before it is saved once all its secrets are typed again", () => {
    const form = formOf(base)
    expect(completeConfig(form, vault, base)).toBeUndefined()
    expect(completeConfig({ ...form, "config.secretId": "s" }, vault, base)).toMatchObject({ secretId: "s" })
  })

  test("that others saved meanwhile has theirs where nothing was typed, and says where both did", () => {
    const latest = { ...base, version: 2, name: "Theirs", scope: "PROJECT" as const, projectIds: ["p"] }
    const rebased = rebase({ ...formOf(base), name: "Mine", "config.secretId": "s" }, base, latest)
    expect(rebased.form).toMatchObject({
      name: "Mine",
      scope: "PROJECT",
      projectIds: "p",
      "config.secretId": "s",
    })
    expect(rebased).toMatchObject({ both: ["name"], theirs: ["scope", "projectIds"] })
  })
})
