import { signRotation } from "../../core/client/sign-rotation.ts"
import { type BackingProcess, documentOf } from "./backing-process.ts"
import type { Answer, Call, Http } from "./http.ts"
import type { Fields, Model, Read } from "./model.ts"
import type { Tally } from "./tally.ts"
import type { Tenant } from "./tenants.ts"

/** One in so many requests clears, every other of them after a secret was rotated; the rest resolve. */
const changeEvery = 20
/** Of the clears by an admin. */
const platformWide = 0.1
const mostSecretsPerResolve = 10
/** A connection's webhook clears at most every ten seconds. */
const webhookEveryMs = 11_000

/** Requests as platforms make them, each checked against the model. */
export function createTraffic(deps: {
  apis: readonly string[]
  tenants: readonly Tenant[]
  secrets: number
  model: Model
  backing: BackingProcess
  http: Http
}) {
  const { apis, tenants, secrets, model, backing, http } = deps
  const webhookUsedAt = new Map<string, number>()
  let requests = 0

  /** Some are asked for far more often than others. */
  const anySecret = () => Math.floor(secrets * Math.random() ** 3)

  /** One request of one caller; or two, where a secret is written before the clear. */
  return async function request(tally: Tally): Promise<void> {
    const tenant = anyOf(tenants)
    const number = ++requests
    if (number % changeEvery !== 0) return resolve(tenant, tally)
    return number % (2 * changeEvery) === 0 ? clear(tenant, tally) : rotate(tenant, tally)
  }

  async function resolve(tenant: Tenant, tally: Tally): Promise<void> {
    const { platformId, tokens } = tenant
    const reads = Array.from(
      { length: 1 + Math.floor(Math.random() * mostSecretsPerResolve) },
      (): Read => ({
        connectionId: anyOf(tenant.connections).id,
        secret: anySecret(),
      }),
    )
    const judge = model.beginResolve(platformId, reads)
    const answer = await timed(tally, "resolves", {
      url: `${anyOf(apis)}/resolve`,
      method: "POST",
      headers: { authorization: `Bearer ${tokens.service}`, "content-type": "application/json" },
      body: JSON.stringify({ value: reads.map(referencesTo) }),
    })
    if (!answer || !expect(200, answer, tally)) return
    const { value, references } = JSON.parse(answer.text) as Resolution
    tally.wrong.push(...judge(value))
    tally.references += references.length
    tally.cached += references.filter(({ source }) => source !== "provider").length
  }

  async function clear(tenant: Tenant, tally: Tally): Promise<void> {
    const all = tenant.connections.map(({ id }) => id)
    const ids = Math.random() < platformWide ? all : [anyOf(all)]
    await clearAsAdmin(tenant, ids, tally)
  }

  async function clearAsAdmin({ platformId, tokens, connections }: Tenant, ids: string[], tally: Tally) {
    const acknowledged = model.beginClear(platformId, ids)
    const answer = await timed(tally, "changes", {
      url: `${anyOf(apis)}/cache${ids.length === connections.length ? "" : `?connectionId=${ids[0]}`}`,
      method: "DELETE",
      headers: { authorization: `Bearer ${tokens.admin}` },
    })
    if (answer && expect(204, answer, tally)) acknowledged()
  }

  /** Writes a new version and tells one connection of it, by its webhook where that may be used again. */
  async function rotate(tenant: Tenant, tally: Tally): Promise<void> {
    const secret = anySecret()
    const rotation = model.beginRotation(tenant.platformId, secret)
    if (rotation) {
      await backing.write(tenant.platformId, secret, rotation.fields)
      rotation.written()
    }
    const { id, webhookSecret } = anyOf(tenant.connections)
    const usedAt = webhookUsedAt.get(id) ?? Number.NEGATIVE_INFINITY
    if (performance.now() - usedAt < webhookEveryMs) return clearAsAdmin(tenant, [id], tally)
    webhookUsedAt.set(id, Number.POSITIVE_INFINITY)
    await callWebhook(tenant.platformId, id, webhookSecret, secret, tally)
    webhookUsedAt.set(id, performance.now())
  }

  async function callWebhook(platformId: string, id: string, key: string, secret: number, tally: Tally) {
    const body = JSON.stringify({ paths: [documentOf(secret)] })
    const signature = await signRotation({ secret: key, platformId, id, body })
    const acknowledged = model.beginClear(platformId, [id])
    const answer = await timed(tally, "changes", {
      url: `${anyOf(apis)}/rotated/${platformId}/${id}`,
      method: "POST",
      headers: { "latchkey-signature": signature, "content-type": "application/json" },
      body,
    })
    if (answer && expect(202, answer, tally)) acknowledged()
  }

  /** The answer, its time noted; undefined where there is none, which is noted too. */
  async function timed(tally: Tally, kind: "resolves" | "changes", call: Call): Promise<Answer | undefined> {
    const start = performance.now()
    try {
      const answer = await http.send(call)
      tally[kind].push(performance.now() - start)
      return answer
    } catch (error) {
      tally.unexpected.push(
        `${call.method} ${call.url}: ${error instanceof Error ? error.message : "failed"}`,
      )
      return undefined
    }
  }
}

interface Resolution {
  value: Fields[]
  references: { source: string }[]
}

function referencesTo({ connectionId, secret }: Read): Fields {
  const reference = (field: string) => `{{secret://${connectionId}/${documentOf(secret)}/${field}}}`
  return { username: reference("username"), password: reference("password") }
}

function expect(status: number, answer: Answer, tally: Tally): boolean {
  if (answer.status === status) return true
  const list = answer.status >= 500 ? tally.serverErrors : tally.unexpected
  list.push(`${answer.status} ${answer.text}`)
  return false
}

function anyOf<Item>(items: readonly Item[]): Item {
  const item = items[Math.floor(Math.random() * items.length)]
  if (item === undefined) throw new RangeError("There is nothing to choose from.")
  return item
}
