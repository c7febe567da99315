import * as z from "zod/mini"
import { tenantIdPattern } from "../auth/principal.ts"
import { limits } from "../limits.ts"
import { once } from "../once.ts"

/** Everything but control characters, lone surrogates and the characters that turn the direction of text around. */
const plain = "[^\\p{Cc}\\p{Cs}\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]"

function plainText(max: number, what: string) {
  return z.string().check(
    z.regex(new RegExp(`^${plain}{1,${max}}$`, "u"), {
      error: `${what} is 1 to ${max} characters, without control or bidirectional characters`,
    }),
  )
}

/** What a token can carry, since nothing else could ever match. */
function tenantId(what: string) {
  return z.string().check(
    z.regex(tenantIdPattern, {
      error: `${what} is 1 to 128 letters, digits or characters of _ - . : @ | ~ + =, without a leading dot`,
    }),
  )
}

export const connectionName = once(() => plainText(128, "a name"))
export const platformId = once(() => tenantId("a platform id"))
export const projectId = once(() => tenantId("a project id"))
export const actor = once(() => plainText(256, "an actor"))

/**
 * Whatever may stand where an id is expected. That it has another form than ours only means that there is no such
 * connection, which is for the service to say.
 */
export const connectionId = once(() =>
  z
    .string()
    .check(z.regex(/^[A-Za-z0-9_-]{1,64}$/, { error: "a connection id is 1 to 64 letters, digits, _ or -" })),
)

/** A position in a JSON text (RFC 6901). */
export const jsonPointer = once(() =>
  z.string().check(
    z.maxLength(limits.pointerCharacters),
    z.regex(/^(?:\/(?:[^/~]|~[01])*)*$/, {
      error: 'a JSON pointer is empty or starts with "/", with "~" written as "~0" and "/" as "~1"',
    }),
  ),
)

/** Where references are read; absent: everywhere. */
export const at = once(() => z.array(jsonPointer()).check(z.maxLength(limits.references)))

/** Arrives as digits in a query. */
export const limit = once(
  () =>
    z.pipe(
      z.transform((value) => (typeof value === "string" && /^\d{1,3}$/.test(value) ? Number(value) : value)),
      z.int().check(z.minimum(1), z.maximum(limits.pageSize)),
    ) as unknown as z.ZodMiniType<number, number>,
)

/** Opaque: only what a page gave as `next` or `previous` opens. */
export const cursor = once(() => cursorUpTo(2048))

/** In a body, where there is room for what a secret manager needs to go on. */
export const longCursor = once(() => cursorUpTo(8192))

const cursorUpTo = (length: number) =>
  z
    .string()
    .check(
      z.regex(new RegExp(`^[A-Za-z0-9._~-]{1,${length}}$`), { error: "send the cursor as a page gave it" }),
    )

/** RFC 3339 in UTC. */
export const timestamp = once(() => z.iso.datetime())
