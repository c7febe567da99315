import type { Clock } from "../clock.ts"
import type { PlatformKeys } from "../crypto/keyring.ts"
import { seal, unseal } from "../crypto/seal.ts"
import { LatchkeyError } from "../errors.ts"

/** Where a list goes on: behind or before an id. */
export interface Position {
  id: string
  backward: boolean
}

const validMs = 3_600_000

/** What a cursor is good for. Sealed under the platform's key: nobody can make one, or use it for anything else. */
export interface CursorScope {
  platformId: string
  operation: string
  /** Whose eyes it was made for. */
  kind: string
  filters: readonly string[]
}

export function createCursors({ clock }: { clock: Clock }) {
  return {
    write(keys: PlatformKeys, scope: CursorScope, position: Position): string {
      const body = Buffer.from(JSON.stringify({ ...position, until: clock.now() + validMs }))
      return seal(keys, "cursor", bindingOf(scope), body, clock.now()).toString("base64url")
    },

    /** @throws LatchkeyError `VALIDATION` for a cursor of another list, an old one and a made-up one alike */
    read(keys: PlatformKeys, scope: CursorScope, cursor: string): Position {
      const body = unseal(keys, "cursor", bindingOf(scope), Buffer.from(cursor, "base64url"))
      const { id, backward, until } = body
        ? JSON.parse(body.toString())
        : { until: 0, id: "", backward: false }
      if (until > clock.now()) return { id, backward }
      throw new LatchkeyError(
        "VALIDATION",
        "This cursor is not of this list, or is older than an hour. Begin again without `cursor`.",
        { issues: [{ pointer: "cursor", message: "is not a cursor of this list, or has expired" }] },
      )
    },
  }
}

const bindingOf = ({ platformId, operation, kind, filters }: CursorScope) => [
  platformId,
  operation,
  kind,
  ...filters,
]
