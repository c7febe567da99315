import { describe, expect, test } from "vitest"
import { ProviderError } from "../../core/errors.ts"
import type { FetchResult, Session } from "../../core/providers/provider.ts"
import { fetchRenewing, onceRenewing, type Renewal } from "../../core/providers/renewing.ts"
import { Secret } from "../../core/secret.ts"

const { signal } = new AbortController()
const session = (token: string): Session => ({ token: new Secret(token), expiresAt: 0, notes: {} })
const rejected = () => new ProviderError("BAD_CREDENTIALS", "No longer accepted.")
const renewal: Renewal = {
  current: async () => session("old"),
  renew: async () => session("new"),
}

/** A secret manager that answers `old` only for documents that say so, and `new` for all. */
function manager() {
  const reads: string[] = []
  return {
    reads,
    async read(documents: readonly string[], { token }: Session, renewed: boolean) {
      reads.push(`${token.reveal()}${renewed ? ", renewed" : ""}: ${documents.join(" ")}`)
      const accepted = (document: string) => renewed || document.startsWith("lasting")
      return new Map(
        documents.map((document): [string, FetchResult] => [
          document,
          accepted(document) ? { ok: true, content: token.reveal() } : { ok: false, error: rejected() },
        ]),
      )
    },
  }
}

describe("fetching with a session that may be rejected", () => {
  test("reads again, once, only what the session was rejected for", async () => {
    const { reads, read } = manager()
    const documents = ["lasting", "a", "b", "a"]
    const results = await fetchRenewing({ ...renewal, documents, read, signal })
    expect(reads).toEqual(["old: lasting a b", "new, renewed: a b"])
    expect(results.get("lasting")).toEqual({ ok: true, content: "old" })
    expect(results.get("b")).toEqual({ ok: true, content: "new" })
  })

  test("asks for no session where there is nothing to read", async () => {
    const current = () => Promise.reject(new Error("asked for a session"))
    expect(await fetchRenewing({ current, documents: [], read: manager().read, signal })).toEqual(new Map())
  })

  test("leaves the rejections as they are where there is no other session", async () => {
    const { reads, read } = manager()
    const { current } = renewal
    const results = await fetchRenewing({ current, documents: ["a"], read, signal })
    expect(reads).toEqual(["old: a"])
    expect(results.get("a")).toMatchObject({ ok: false, error: { reason: "BAD_CREDENTIALS" } })
  })

  test("fails as a whole where no document could be read, and the login failed", async () => {
    const throttled = new ProviderError("THROTTLED", "Too many logins.")
    const renew = () => Promise.reject(throttled)
    const { read } = manager()
    await expect(fetchRenewing({ ...renewal, renew, documents: ["a"], read, signal })).rejects.toBe(throttled)
    const results = await fetchRenewing({ ...renewal, renew, documents: ["lasting", "a"], read, signal })
    expect(results.get("lasting")).toEqual({ ok: true, content: "old" })
    expect(results.get("a")).toEqual({ ok: false, error: throttled })
  })

  test("ends with an abort during the login, whatever was read", async () => {
    const controller = new AbortController()
    const renew = () => {
      controller.abort(new Error("gone"))
      return Promise.reject(rejected())
    }
    const documents = ["lasting", "a"]
    const fetching = fetchRenewing({ ...renewal, renew, documents, ...manager(), signal: controller.signal })
    await expect(fetching).rejects.toThrow("gone")
  })
})

describe("one thing done with a session that may be rejected", () => {
  test("is done once more, and not a third time", async () => {
    const used: string[] = []
    const working = onceRenewing(renewal, async ({ token }) => {
      used.push(token.reveal())
      throw rejected()
    })
    await expect(working).rejects.toThrow("No longer accepted.")
    expect(used).toEqual(["old", "new"])
  })

  test("is not done again after another failure", async () => {
    const used: string[] = []
    const working = onceRenewing(renewal, async ({ token }) => {
      used.push(token.reveal())
      throw new ProviderError("PERMISSION_DENIED", "Forbidden.")
    })
    await expect(working).rejects.toThrow("Forbidden.")
    expect(used).toEqual(["old"])
  })
})
