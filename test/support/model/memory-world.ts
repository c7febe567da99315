import type { Principal } from "../../../core/auth/principal.ts"
import type { ConnectionRecord } from "../../../core/connections/connection.ts"
import type { Opener, OpenOptions } from "../../../core/connections/open.ts"
import { tampered } from "../../../core/connections/record-mac.ts"
import { createEnvelope } from "../../../core/crypto/envelope.ts"
import { ProviderError } from "../../../core/errors.ts"
import { newConnectionId, newRequestId } from "../../../core/ids.ts"
import type { Json } from "../../../core/json.ts"
import type { Latchkey } from "../../../core/latchkey.ts"
import type { FetchResult, Login, ProviderClient } from "../../../core/providers/provider.ts"
import type { Redis, RedisCommand } from "../../../core/redis/redis.ts"
import { Secret } from "../../../core/secret.ts"
import { untilAborted } from "../../../core/settle.ts"
import { admin, callerOf, clear, connect, resolve, service, world } from "../instance.ts"
import type { MemoryRedis } from "../memory-redis.ts"
import type { MemoryStore } from "../memory-store.ts"
import { passing, turn } from "../moved-clock.ts"
import { answerTo, carryOut, type Operations } from "./operations.ts"
import type { RedisTrouble, World, Writes } from "./world.ts"

const count = 3
/** So little that what takes some turns is in time. */
const stepMs = 10

/** A secret manager of one platform. */
interface Vault {
  documents: Map<string, Json>
  failing: boolean
}

/** Three instances over what is in memory. What they ask takes turns: `pauses` says how many, over and over. */
export function memoryWorld(
  pauses: readonly number[],
  flaw: (store: MemoryStore) => Partial<MemoryStore> = () => ({}),
): World {
  const shared = world()
  const { clock, store, kms } = shared
  const id = newConnectionId()
  const vaults: Record<string, Vault> = {
    acme: { documents: new Map(), failing: false },
    evil: { documents: new Map(), failing: false },
  }
  const troubled = troubledRedis(shared.redis)
  const edited = new Map<string, ConnectionRecord>()
  let gate: Promise<void> | undefined
  let pausing = 0

  async function pause(): Promise<void> {
    const turns = pauses[pausing++ % pauses.length] ?? 0
    for (let i = 0; i < turns; i++) await turn()
  }

  /** Each call takes its time to get there, and its answer to come back. */
  function slow<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== "function") return member
        return async (...parameters: unknown[]) => {
          await pause()
          const answer: unknown = await member.apply(target, parameters)
          await pause()
          return answer
        }
      },
    })
  }

  const vaultOf = (platformId: string) => {
    const vault = vaults[platformId]
    if (!vault) throw new Error(`${platformId} has no secret manager.`)
    return vault
  }

  const login: Login = async () => ({
    token: new Secret(newRequestId()),
    expiresAt: clock.now() + 20 * 60_000,
    notes: {},
  })

  const clientOf = (vault: Vault, { sessions, beforeRequest }: OpenOptions): ProviderClient => ({
    async check() {
      await pause()
      return {
        steps: [{ name: "read", ok: !vault.failing, ...(vault.failing && { error: unreachable() }) }],
        warnings: [],
      }
    },
    async fetch(documents, signal) {
      await sessions.current(login, signal)
      await beforeRequest?.()
      await pause()
      const results = documents.map((document): [string, FetchResult] => {
        const content = vault.documents.get(document)
        if (content === undefined) return [document, { ok: false, error: missing() }]
        return [document, { ok: true, content: structuredClone(content) }]
      })
      if (gate) await untilAborted(gate, signal)
      await pause()
      signal.throwIfAborted()
      if (vault.failing) throw unreachable()
      return new Map(results)
    },
  })

  function start(i: number): Latchkey {
    const envelope = createEnvelope({ kms, clock })
    const opener: Opener = {
      async saved({ platformId, id: connectionId, configId, config }, options) {
        const plain = await envelope.decryptConfig({ platformId, connectionId, configId }, config)
        if (plain === undefined) throw tampered(connectionId)
        return clientOf(vaultOf(platformId), options)
      },
      unsaved: (platformId, _provider, _config, options) => clientOf(vaultOf(platformId), options),
    }
    return shared.instance({
      store: slow({ ...store, ...flaw(store) }),
      redis: slow(troubled.redisOf(i)),
      opener,
    })
  }

  const instances = Array.from({ length: count }, (_, i) => start(i))
  const operationsOf = (instance: number, platformId: string) => {
    const latchkey = instances[instance]
    if (!latchkey) throw new Error(`There is no instance ${instance}.`)
    return operations(latchkey, platformId)
  }

  /** Opens the record to all, or puts back what decides who may use it. */
  function edit(platformId: string, undo: boolean): void {
    const key = `${platformId}\n${id}`
    const record = store.connections.get(key)
    if (!record) return
    const { projectIds: _dropped, ...rest } = record
    if (undo) {
      const { name, scope, projectIds, settings } = edited.get(key) ?? record
      store.connections.set(key, { ...rest, name, scope, ...(projectIds && { projectIds }), settings })
    } else {
      edited.set(key, record)
      const settings = { cacheTtlSeconds: 3_600, staleIfErrorSeconds: 3_600 }
      store.connections.set(key, { ...rest, name: "Edited", scope: "PLATFORM", settings })
    }
  }

  return {
    now: clock.now,
    advance: clock.advance,
    instances: count,
    platformId: (platform) => platform,
    resolve: (instance, platform, question) => answerTo(question, id, operationsOf(instance, platform)),
    async change(instance, platform, change) {
      if (change.kind !== "edit by hand" && change.kind !== "undo the edit")
        return carryOut(
          change,
          { platformId: platform, id, now: clock.now() },
          operationsOf(instance, platform),
        )
      edit(platform, change.kind === "undo the edit")
      return undefined
    },
    async write(platform, document, text) {
      await pause()
      const { documents } = vaultOf(platform)
      if (text === undefined) documents.delete(document)
      else documents.set(document, { user: text, password: text })
      await pause()
    },
    outage(platform, on) {
      vaultOf(platform).failing = on
    },
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      return {
        noMore() {
          gate = undefined
        },
        release: resolve,
      }
    },
    async restart(instance) {
      instances[instance] = start(instance)
    },
    redis: troubled.trouble,
    async begun() {
      for (let i = 0; i < 50; i++) await turn()
    },
    passing: (work) => passing(clock, work, stepMs),
  }
}

function operations(latchkey: Latchkey, platformId: string): Operations {
  const ada: Principal = { ...admin, platformId }
  const flows: Principal = { ...service, platformId }
  const caller = () => callerOf(latchkey, ada)
  return {
    resolve: ({ value, ...project }) =>
      resolve(latchkey, value, { principal: flows, onError: "report", ...project }),
    clear: (id) => clear(latchkey, id, flows),
    create: async (connection) => void (await connect(latchkey, connection, ada)),
    async update(id, { config, ...patch }) {
      const renewed = config && { config: { secretId: "another" } }
      await latchkey.connections.update(caller(), id, { ...patch, ...renewed }, undefined)
    },
    remove: (id) => latchkey.connections.remove(caller(), id),
    test: (id) => latchkey.connections.test(caller(), id),
    webhookSecret: async (id) => (await latchkey.webhook.webhookSecret(caller(), id)).reveal(),
    rotated: (connectionId, signature) =>
      latchkey.webhook.rotated({
        platformId,
        connectionId,
        signature,
        rawBody: "",
        requestId: newRequestId(),
        audit: latchkey.audit.request(),
        signal: new AbortController().signal,
      }),
  }
}

/** A Redis with somebody else at its entries, and what each instance has of it. */
function troubledRedis({ entries, pipeline }: MemoryRedis): {
  trouble: RedisTrouble
  redisOf(instance: number): Redis
} {
  let unreachableFrom: readonly number[] = []
  let writes: Writes = "as they should be"
  let snapshot: typeof entries = new Map()
  const at = (share: number) => [...entries.keys()][Math.floor(share * entries.size)] ?? ""

  const trouble: RedisTrouble = {
    outOfReachOf(instances) {
      unreachableFrom = instances
    },
    async lose(entry) {
      entries.delete(at(entry))
    },
    async loseAll() {
      entries.clear()
    },
    async swap(entry, other) {
      const [one, two] = [entries.get(at(entry)), entries.get(at(other))]
      if (!one || !two) return
      entries.set(at(entry), two).set(at(other), one)
    },
    async keepSnapshot() {
      snapshot = structuredClone(entries)
    },
    async restore({ alone }) {
      if (alone) entries.clear()
      for (const [name, { value }] of snapshot) entries.set(name, { value, until: Number.POSITIVE_INFINITY })
    },
    writes(are) {
      writes = are
    },
  }

  return {
    trouble,
    redisOf: (instance) => ({
      async pipeline(commands) {
        if (unreachableFrom.includes(instance)) throw new Error("Redis is out of reach.")
        if (writes === "as they should be") return pipeline(commands)
        if (writes === "lasting") return pipeline(commands.map(lasting))
        const replies = await pipeline(commands.filter(([name]) => name !== "SET"))
        return commands.map(([name]) => (name === "SET" ? "OK" : (replies.shift() ?? null)))
      },
    }),
  }
}

function lasting(command: RedisCommand): RedisCommand {
  if (command[0] !== "SET") return command
  const [name, key, value, , ...when] = command
  return [name, key, value, 30 * 86_400_000, ...when]
}

const unreachable = () => new ProviderError("UNREACHABLE", "Failing, as the test wants it.")
const missing = () => new ProviderError("NOT_FOUND", "Taken away, as the test wants it.")
