import RedisMock from "ioredis-mock"

/** One command's answer: errors are answers too, in Redis' words. */
export type Reply = { result: unknown } | { error: string }

/** Where the commands of the REST front go. */
export interface RedisBackend {
  /** Runs the commands in order; a failing one does not stop the rest. */
  pipeline(commands: readonly string[][]): Promise<Reply[]>
  /** Runs them with nothing in between. Undefined where one of them is no command: then none was run. */
  transaction(commands: readonly string[][]): Promise<Reply[] | undefined>
  close(): Promise<void>
}

/**
 * The commands that Latchkey uses, over `ioredis-mock`. It keeps the data; what it does not check is checked here, as
 * Redis does: arguments, types of keys, `KEEPTTL`. Commands run one at a time, as in Redis.
 */
export function embeddedRedis(): RedisBackend {
  // Instances of the mock share their data by host and port.
  const store = new RedisMock({ host: crypto.randomUUID() })
  let turn: Promise<unknown> = Promise.resolve()

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = turn.then(work)
    turn = done.catch(() => undefined)
    return done
  }

  async function runAll(commands: readonly string[][]): Promise<Reply[]> {
    const replies: Reply[] = []
    for (const command of commands) replies.push(await reply(store, command))
    return replies
  }

  return {
    pipeline: (commands) => inTurn(() => runAll(commands)),
    transaction: (commands) =>
      inTurn(async () => (commands.some((command) => refusal(command)) ? undefined : runAll(commands))),
    close: async () => store.disconnect(),
  }
}

type Store = InstanceType<typeof RedisMock>
type Kind = "string" | "zset"

interface Command {
  /** How many arguments it takes; without `most` any number from `least` up. */
  least: number
  most?: number
  /** The type its first key must have, if it is there. */
  kind?: Kind
  run(store: Store, args: string[]): Promise<unknown>
}

class RedisError extends Error {}

const wrongType = "WRONGTYPE Operation against a key holding the wrong kind of value"

const commands: Record<string, Command> = {
  GET: { least: 1, most: 1, kind: "string", run: (store, [key = ""]) => store.get(key) },
  MGET: {
    least: 1,
    // A key of another type is nil to MGET.
    run: (store, keys) =>
      Promise.all(keys.map(async (key) => ((await isOfKind(store, key, "string")) ? store.get(key) : null))),
  },
  SET: { least: 2, run: set },
  DEL: { least: 1, run: (store, keys) => store.del(...keys) },
  EXISTS: { least: 1, run: (store, keys) => store.exists(...keys) },
  EXPIRE: { least: 2, most: 2, run: (store, [key = "", s]) => expire(store, key, integer(s) * 1000) },
  PEXPIRE: { least: 2, most: 2, run: (store, [key = "", ms]) => expire(store, key, integer(ms)) },
  TTL: { least: 1, most: 1, run: (store, [key = ""]) => store.ttl(key) },
  PTTL: { least: 1, most: 1, run: (store, [key = ""]) => store.pttl(key) },
  INCR: { least: 1, most: 1, kind: "string", run: (store, [key = ""]) => increment(store, key, 1) },
  INCRBY: {
    least: 2,
    most: 2,
    kind: "string",
    run: (store, [key = "", by]) => increment(store, key, integer(by)),
  },
  ZADD: { least: 3, kind: "zset", run: zadd },
  ZCARD: { least: 1, most: 1, kind: "zset", run: (store, [key = ""]) => store.zcard(key) },
  ZCOUNT: {
    least: 3,
    most: 3,
    kind: "zset",
    run: async (store, [key = "", min, max]) => (await membersBetween(store, key, min, max)).length,
  },
  ZREM: {
    least: 2,
    kind: "zset",
    run: (store, [key = "", ...members]) => removeMembers(store, key, members),
  },
  ZREMRANGEBYSCORE: {
    least: 3,
    most: 3,
    kind: "zset",
    run: async (store, [key = "", min, max]) =>
      removeMembers(store, key, await membersBetween(store, key, min, max)),
  },
  FLUSHALL: { least: 0, most: 1, run: (store) => store.flushall() },
  PING: { least: 0, most: 1, run: async (_, [message]) => message ?? "PONG" },
}

async function reply(store: Store, words: string[]): Promise<Reply> {
  const refused = refusal(words)
  if (refused !== undefined) return { error: refused }
  const [name = "", ...args] = words
  const command = commands[name.toUpperCase()]
  try {
    if (command?.kind !== undefined && !(await isOfKind(store, args[0] ?? "", command.kind)))
      throw new RedisError(wrongType)
    return { result: await command?.run(store, args) }
  } catch (error) {
    return { error: error instanceof RedisError ? error.message : "ERR the sandbox's Redis failed" }
  }
}

/** What Redis answers to a command before running it, if anything. */
function refusal([name = "", ...args]: string[]): string | undefined {
  const upper = name.toUpperCase()
  const command = Object.hasOwn(commands, upper) ? commands[upper] : undefined
  if (command === undefined)
    return `ERR unknown command '${name}', with args beginning with: ${args
      .slice(0, 3)
      .map((arg) => `'${arg.slice(0, 32)}' `)
      .join("")}`
  if (args.length < command.least || args.length > (command.most ?? Number.POSITIVE_INFINITY))
    return `ERR wrong number of arguments for '${name.toLowerCase()}' command`
  return undefined
}

async function isOfKind(store: Store, key: string, kind: Kind): Promise<boolean> {
  const found = await store.type(key)
  return found === "none" || found === kind
}

/** `SET key value [NX|XX] [GET] [EX seconds|PX milliseconds|KEEPTTL]` */
async function set(store: Store, [key = "", value = "", ...words]: string[]): Promise<unknown> {
  const options = setOptions(words)
  if (options.get && !(await isOfKind(store, key, "string"))) throw new RedisError(wrongType)
  const there = (await store.exists(key)) === 1
  const answer = options.get ? await store.get(key) : null
  if ((options.only === "NX" && there) || (options.only === "XX" && !there)) return answer
  const left = options.keepTtl ? await store.pttl(key) : -1
  const ttl = options.ttlMs ?? (left > 0 ? left : undefined)
  await (ttl === undefined ? store.set(key, value) : store.set(key, value, "PX", ttl))
  return options.get ? answer : "OK"
}

function setOptions(words: string[]) {
  const options: { only?: "NX" | "XX"; get?: true; keepTtl?: true; ttlMs?: number } = {}
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const name = word.toUpperCase()
    if ((name === "NX" || name === "XX") && options.only === undefined) options.only = name
    else if (name === "GET") options.get = true
    else if (options.ttlMs !== undefined || options.keepTtl) throw new RedisError("ERR syntax error")
    else if (name === "KEEPTTL") options.keepTtl = true
    else if ((name === "EX" || name === "PX") && words.length > 0) {
      const time = integer(words.shift())
      if (time <= 0) throw new RedisError("ERR invalid expire time in 'set' command")
      options.ttlMs = name === "EX" ? time * 1000 : time
    } else throw new RedisError("ERR syntax error")
  }
  return options
}

async function increment(store: Store, key: string, by: number): Promise<number> {
  const value = await store.get(key)
  if (value !== null) integer(value)
  return store.incrby(key, by)
}

async function expire(store: Store, key: string, ms: number): Promise<number> {
  return ms > 0 ? store.pexpire(key, ms) : store.del(key)
}

/** `ZADD key [NX|XX] score member [score member ...]` */
async function zadd(store: Store, [key = "", ...words]: string[]): Promise<unknown> {
  const only = /^(NX|XX)$/i.test(words[0] ?? "") ? words.shift()?.toUpperCase() : undefined
  if (words.length === 0 || words.length % 2 === 1) throw new RedisError("ERR syntax error")
  const pairs = words.map((word, index) => (index % 2 === 0 ? score(word) : word))
  return store.zadd(key, ...(only === undefined ? [] : [only]), ...pairs)
}

/** Bounds are scores; `(1` leaves the 1 itself out. The mock would drop their decimals. */
async function membersBetween(store: Store, key: string, min = "", max = ""): Promise<string[]> {
  const [low, high] = [bound(min), bound(max)]
  const flat = await store.zrange(key, 0, -1, "WITHSCORES")
  return flat.filter((_, index) => {
    if (index % 2 === 1) return false
    const at = Number(flat[index + 1])
    return (low.open ? at > low.value : at >= low.value) && (high.open ? at < high.value : at <= high.value)
  })
}

/** A sorted set without members is no key; to the mock it is. */
async function removeMembers(store: Store, key: string, members: string[]): Promise<number> {
  const removed = members.length === 0 ? 0 : await store.zrem(key, ...members)
  if ((await store.zcard(key)) === 0) await store.del(key)
  return removed
}

function integer(text: string | undefined): number {
  const value = /^-?(0|[1-9]\d*)$/.test(text ?? "") ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value)) throw new RedisError("ERR value is not an integer or out of range")
  return value
}

function score(text: string): number {
  const infinite = /^([+-]?)inf(inity)?$/i.exec(text)
  if (infinite) return infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text)
  throw new RedisError("ERR value is not a valid float")
}

function bound(text: string): { value: number; open: boolean } {
  const open = text.startsWith("(")
  try {
    return { value: score(open ? text.slice(1) : text), open }
  } catch {
    throw new RedisError("ERR min or max is not a float")
  }
}
