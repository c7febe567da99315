import { describe, expect, test } from "vitest"
import { arrange, noArrangement, stateOf } from "../../web/src/connections/arrange.ts"
import { pageOf } from "../../web/src/ui/page-of.ts"
import { connection } from "./connections.ts"

const failing = {
  configured: true,
  connected: false,
  checkedAt: "2026-01-01T00:00:00.000Z",
} as const
const all = [
  connection({ id: "b", name: "Vault 10", version: 3 }),
  connection({ id: "a", name: "vault 9", scope: "PROJECT", projectIds: ["red", "blue"] }),
  connection({ id: "c", name: "Safe", providerId: "onepassword", connection: failing }),
]
const providerName = (id: string) => (id === "onepassword" ? "1Password" : "HashiCorp Vault")
const names = (more: Partial<typeof noArrangement>) =>
  arrange(all, { ...noArrangement, ...more }, providerName).map(({ name }) => name)

describe("the list of connections", () => {
  test("stands by name, as people count and whatever the case", () => {
    expect(names({})).toEqual(["Safe", "vault 9", "Vault 10"])
    expect(names({ descending: true })).toEqual(["Vault 10", "vault 9", "Safe"])
  })

  test("is found by words of name, id, provider and projects, all of which must fit", () => {
    expect(names({ search: "blue" })).toEqual(["vault 9"])
    expect(names({ search: " HASHI  10 " })).toEqual(["Vault 10"])
    expect(names({ search: "blue 10" })).toEqual([])
  })

  test("is narrowed by provider, scope and state together", () => {
    expect(names({ providerId: "onepassword" })).toEqual(["Safe"])
    expect(names({ scope: "PROJECT", state: "connected" })).toEqual(["vault 9"])
    expect(names({ scope: "PROJECT", state: "failing" })).toEqual([])
  })

  test("shows what fails first when sorted by status, and the rest by name", () => {
    expect(names({ sort: "status" })).toEqual(["Safe", "vault 9", "Vault 10"])
    expect(names({ sort: "version", descending: true })[0]).toBe("Vault 10")
  })

  test("says unknown of what was not checked in time, and of what members are not told", () => {
    const { connection: _state, version: _version, ...rest } = connection()
    expect(stateOf(connection({ connection: { configured: true, connected: false } }))).toBe("unknown")
    expect(stateOf({ ...rest, connection: { connected: false } })).toBe("unknown")
    expect(stateOf(connection({ connection: { configured: false, connected: false } }))).toBe("failing")
  })

  test("comes in pages, and a page that is no more is the last one", () => {
    expect(pageOf([1, 2, 3, 4, 5], 1, 2)).toEqual({ shown: [3, 4], number: 1, from: 3, to: 4, more: true })
    expect(pageOf([1, 2, 3], 9, 2)).toMatchObject({ shown: [3], number: 1, more: false })
    expect(pageOf([], 0, 2)).toMatchObject({ shown: [], number: 0, more: false })
  })
})
