import type { RedisReply } from "./redis.ts"

/** Larger values are taken for misses: nobody should make us open them. In characters of base64. */
const maxValueLength = 512 * 1024

/** The bytes of the values an `MGET` answered, undefined for what is missing or too large. */
export function bytesOf(reply: RedisReply | undefined): (Buffer | undefined)[] {
  if (!Array.isArray(reply)) return []
  return reply.map((value) =>
    typeof value === "string" && value.length <= maxValueLength ? Buffer.from(value, "base64") : undefined,
  )
}
