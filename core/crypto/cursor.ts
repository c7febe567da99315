import type { Clock } from "../clock.ts"
import { LatchkeyError } from "../errors.ts"
import type { Json } from "../json.ts"
import type { PlatformKeys } from "./keyring.ts"
import { seal, unseal } from "./seal.ts"

const validMs = 3_600_000

/** What a cursor is good for. Sealed under the platform's key: nobody can make one, or use it for anything else. */
export interface CursorScope {
  platformId: string
  operation: string
  /** Whose eyes it was made for. */
  kind: string
  /** As many for every cursor of the operation. */
  filters: readonly string[]
}

/** The cursors of one operation: `Position` is where a list goes on. They are valid for an hour. */
export function createCursors<Position extends Json>({ clock }: { clock: Clock }) {
  return {
    write(keys: PlatformKeys, scope: CursorScope, position: Position): string {
      const sealed: Sealed<Position> = { at: position, until: clock.now() + validMs }
      const body = Buffer.from(JSON.stringify(sealed))
      return seal(keys, "cursor", bindingOf(scope), body, clock.now()).toString("base64url")
    },

    /** @throws LatchkeyError `VALIDATION` for a cursor of another list, an old one and a made-up one alike */
    read(keys: PlatformKeys, scope: CursorScope, cursor: string): Position {
      const bytes = Buffer.from(cursor, "base64url")
      // Decoding skips what is not of the alphabet: a cursor has one spelling.
      if (bytes.toString("base64url") !== cursor) throw foreign()
      const body = unseal(keys, "cursor", bindingOf(scope), bytes)
      const sealed = body && (JSON.parse(body.toString()) as Sealed<Position>)
      if (sealed && sealed.until > clock.now()) return sealed.at
      throw foreign()
    },

    /** What is said of a cursor that cannot be of this list. */
    foreign,
  }

  function foreign(): LatchkeyError {
    return new LatchkeyError(
      "VALIDATION",
      "This cursor is not of this list, or is older than an hour. Begin again without `cursor`.",
      { issues: [{ pointer: "/cursor", message: "is not a cursor of this list, or has expired" }] },
    )
  }
}

interface Sealed<Position> {
  at: Position
  until: number
}

const bindingOf = ({ platformId, operation, kind, filters }: CursorScope) => [
  platformId,
  operation,
  kind,
  ...filters,
]
