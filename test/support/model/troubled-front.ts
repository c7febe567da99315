import type { RedisServer } from "../../../local/redis.ts"
import type { FaultProxy } from "../fault-proxy.ts"
import type { RedisTrouble, Writes } from "./world.ts"

type Command = [name: string, ...words: (string | number)[]]

/**
 * Redis behind its front over HTTP, with somebody else at its entries, and what each instance has of it by its proxy. Which
 * entries there are is known by what was written.
 */
export function troubledFront(
  { url, token }: RedisServer,
  proxies: readonly FaultProxy[],
): { trouble: RedisTrouble; empty(): Promise<void> } {
  let unreachableFrom: readonly number[] = []
  let writes: Writes = "as they should be"
  let snapshot = new Map<string, string>()
  const entries = new Map<string, string>()
  const at = (share: number) => [...entries.keys()][Math.floor(share * entries.size)] ?? ""

  for (const [instance, proxy] of proxies.entries()) {
    proxy.faultOf = () => (unreachableFrom.includes(instance) ? "reset" : undefined)
    proxy.rewrite = (body) =>
      Buffer.from(JSON.stringify((JSON.parse(body.toString()) as Command[]).map(written)))
  }

  function written(command: Command): Command {
    const [name, key, value, ...options] = command
    if (name.toUpperCase() !== "SET") return command
    // The same answer as to what is done.
    if (writes === "lost") return ["PING", "OK"]
    entries.set(String(key), String(value))
    if (writes === "as they should be") return command
    return [
      name,
      String(key),
      String(value),
      ...options.map((one) => (typeof one === "number" ? 30 * 86_400_000 : one)),
    ]
  }

  async function put(them: Iterable<readonly [string, string]>): Promise<void> {
    const commands = [...them].map(([key, value]): Command => ["SET", key, value])
    for (const [key, value] of them) entries.set(key, value)
    await tell(commands)
  }

  async function tell(commands: readonly Command[]): Promise<void> {
    if (commands.length === 0) return
    const headers = { authorization: `Bearer ${token}` }
    const { status } = await fetch(`${url}/pipeline`, {
      method: "POST",
      headers,
      body: JSON.stringify(commands),
    })
    if (status !== 200) throw new Error(`Redis answered ${status}.`)
  }

  const trouble: RedisTrouble = {
    outOfReachOf(instances) {
      unreachableFrom = instances
    },
    async lose(entry) {
      const key = at(entry)
      entries.delete(key)
      await tell([["DEL", key]])
    },
    async loseAll() {
      entries.clear()
      await tell([["FLUSHALL"]])
    },
    async swap(entry, other) {
      const [one, two] = [entries.get(at(entry)), entries.get(at(other))]
      if (one === undefined || two === undefined) return
      await put([
        [at(entry), two],
        [at(other), one],
      ])
    },
    async keepSnapshot() {
      snapshot = new Map(entries)
    },
    async restore({ alone }) {
      if (alone) await trouble.loseAll()
      await put(snapshot)
    },
    writes(are) {
      writes = are
    },
  }

  return {
    trouble,
    async empty() {
      trouble.outOfReachOf([])
      trouble.writes("as they should be")
      await trouble.loseAll()
      snapshot = new Map()
      for (const proxy of proxies) proxy.sent.length = 0
    },
  }
}
