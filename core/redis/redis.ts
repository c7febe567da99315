/** The commands that Latchkey uses, in Redis' own words. Keys are opaque names, values sealed or random. */
export type RedisCommand =
  | readonly ["MGET", ...keys: string[]]
  | readonly ["SET", key: string, value: string, ttlMs: number, when?: "NX" | "XX"]
  | readonly ["INCR", key: string]
  | readonly ["PEXPIRE", key: string, ttlMs: number]
  | readonly ["ZADD", key: string, score: number, member: string]
  | readonly ["ZCOUNT", key: string, min: number, max: "+inf"]
  | readonly ["ZREMRANGEBYSCORE", key: string, min: "-inf", max: number]
  | readonly ["ZREM", key: string, member: string]

/** What a command answered: `MGET` a list of strings and nulls, `SET` "OK" or null where its condition failed, others a number. */
export type RedisReply = readonly (string | null)[] | string | number | null

export interface Redis {
  /** One round trip. @throws where Redis did not answer in time, or answered an error; the error holds no command. */
  pipeline(commands: readonly RedisCommand[]): Promise<RedisReply[]>
}
