import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import { createOpener } from "../../core/connections/open.ts"
import { toProblem } from "../../core/contract/problems.ts"
import { createEnvelope } from "../../core/crypto/envelope.ts"
import { createNetwork } from "../../core/network/client.ts"
import { Secret } from "../../core/secret.ts"
import { startVault, type VaultServer } from "../../local/secret-managers/vault/server.ts"
import { type Fault, type FaultProxy, type Sent, startFaultProxy } from "../support/fault-proxy.ts"
import { admin, connect, resolve, service, world } from "../support/instance.ts"
import { passing } from "../support/moved-clock.ts"

let vault: VaultServer
/** For a machine that is busy. */
const atLeisure = { interval: 10, timeout: 15_000 }

beforeAll(async () => {
  vault = await startVault()
  for (let i = 0; i < 300; i++) await vault.admin.put(`secret/data/app/${i}`, { key: `value-${i}` })
  await vault.admin.put("secret/data/noisy/200", { key: "value" })
})
afterAll(() => vault.stop())

/** One instance that goes out by the real network, to one Vault for all; what lies at `noisy/` there meets a fault. */
async function given() {
  const shared = world()
  const { clock, kms } = shared
  const policy = { allowHttp: true, allowLoopback: true, exceptions: [] }
  const network = createNetwork({ policy, clock })
  const opener = createOpener({ network, envelope: createEnvelope({ kms, clock }), clock })
  const latchkey = shared.instance({ opener })
  const wire = await startFaultProxy(vault.url)
  onTestFinished(async () => {
    network.close()
    await wire.close()
  })

  async function tenant(platformId: string, folder: string) {
    const { roleId, secretId } = vault.config
    const config = { url: wire.url, authMethod: "approle", roleId, secretId: new Secret(secretId) }
    const id = await connect(latchkey, { config }, { ...admin, platformId })
    const reference = (i: number) => `{{secret://${id}/secret/data/${folder}/${i}/key}}`
    return (i: number) => resolve(latchkey, reference(i), { principal: { ...service, platformId } })
  }
  return {
    ...shared,
    wire,
    noisy: await tenant("noisy", "noisy"),
    quiet: await tenant("quiet", "app"),
    tenant,
  }
}

const atNoisy = (fault: Fault) => (sent: Sent) => (sent.path.includes("/noisy/") ? fault : undefined)

describe("a platform whose Vault trickles, with a thousand resolves waiting,", () => {
  test("takes nothing that another platform waits for", async () => {
    const { clock, wire, noisy, quiet, roundTrips } = await given()
    await Promise.all([noisy(200), quiet(200)])
    const alone = { miss: await roundTrips(() => quiet(201)), hit: await roundTrips(() => quiet(201)) }

    wire.faultOf = atNoisy({ trickleMs: 60_000 })
    const ended: unknown[] = []
    const end = (error: unknown) => ended.push(error)
    const waiting = Array.from({ length: 1_000 }, (_, i) => noisy(i % 100).then(end, end))
    await expect.poll(() => wire.underWay(), atLeisure).toBeGreaterThanOrEqual(32)

    // No time passes: who had to wait for the noisy one, or for its time-outs, would wait for ever.
    const crowded = { miss: await roundTrips(() => quiet(202)), hit: await roundTrips(() => quiet(202)) }
    expect(crowded).toEqual(alone)
    const values = await Promise.all(Array.from({ length: 100 }, (_, i) => quiet(i)))
    expect(values.map(({ value }) => value)).toEqual(values.map((_, i) => `value-${i}`))
    expect(ended).toEqual([])

    await passing(clock, Promise.all(waiting))
    expect(ended).toHaveLength(1_000)
    for (const error of ended) expect(error).toMatchObject({ fields: { reason: "TIMEOUT" } })
    await expect.poll(() => wire.underWay(), atLeisure).toBe(0)
  })

  test("has 200 of them wait for it; the others get 429, and when to come again", async () => {
    const { clock, wire, noisy, quiet } = await given()
    await Promise.all([noisy(200), quiet(200)])
    wire.faultOf = atNoisy("hang")
    const refused: unknown[] = []
    const waiting = Array.from({ length: 1_000 }, (_, i) =>
      noisy(1_000 + i).catch((error) => refused.push(error)),
    )
    await expect.poll(() => refused.length, atLeisure).toBe(800)
    for (const error of refused)
      expect(toProblem(error, "r")).toMatchObject({ status: 429, code: "THROTTLED", retryAfterSeconds: 1 })
    expect((await quiet(1)).value).toBe("value-1")
    await passing(clock, Promise.all(waiting))
  })
})

interface Trouble {
  /** Before it begins the connection has logged in. */
  loggedIn: boolean
  faultOf: FaultProxy["faultOf"]
  /** Which secret the i-th resolve wants. */
  wanted: (i: number) => number
  /** Calls in the minute in which it begins, and in each that follows. */
  most: [first: number, later: number]
}

const isLogin = ({ path }: Sent) => path.includes("/login")
const isRead = ({ path }: Sent) => path.includes("/secret/data/")
const another = (i: number) => i % 299
const theSame = () => 1
const missing = () => 5_000
const onLogin = (fault: Fault) => (sent: Sent) => (isLogin(sent) ? fault : undefined)
const onRead = (fault: Fault) => (sent: Sent) => (isRead(sent) ? fault : undefined)
/** As Vault answers a secret id that it does not know. */
const unknownSecretId = { status: 400, body: JSON.stringify({ errors: ["invalid secret id"] }) }
const forbidden = { status: 403, body: JSON.stringify({ errors: ["permission denied"] }) }

/** Three times with retries until the breaker opens, then one try in five seconds. */
const breaker: Trouble["most"] = [21, 12]
const always = { loggedIn: true, wanted: another, most: breaker }

describe("what a minute of five resolves a second may cost a secret manager in calls", () => {
  test.each<[string, Trouble]>([
    ["dead", { ...always, faultOf: () => "reset" }],
    ["failing", { ...always, faultOf: () => ({ status: 500 }) }],
    ["sealed", { ...always, faultOf: () => ({ status: 503 }) }],
    ["out of quota", { ...always, faultOf: () => ({ status: 429 }) }],
    [
      "failing at the login",
      { ...always, loggedIn: false, faultOf: onLogin({ status: 500 }), most: [12, 6] },
    ],
    ["refusing the login", { ...always, loggedIn: false, faultOf: onLogin(unknownSecretId), most: [6, 6] }],
    // And each time it is asked whether the token is still good.
    ["forbidding the path", { ...always, wanted: theSame, faultOf: onRead(forbidden), most: [12, 12] }],
    ["without the secret", { ...always, wanted: missing, faultOf: () => undefined, most: [2, 2] }],
  ])("when it is %s", async (_, { loggedIn, faultOf, wanted, most }) => {
    const { clock, wire, tenant } = await given()
    // Whoever sleeps here does so alone.
    clock.sleep = async (ms) => clock.advance(ms)
    const ask = await tenant("troubled", "app")
    if (loggedIn) await ask(299)
    wire.faultOf = faultOf

    const minutes: number[] = []
    for (const first of [0, 100]) {
      const before = wire.sent.length
      const end = clock.now() + 60_000
      for (let i = first; clock.now() < end; i++) {
        await expect(ask(wanted(i))).rejects.toThrow()
        clock.advance(200)
      }
      minutes.push(wire.sent.length - before)
    }
    const [first = 0, later = 0] = minutes
    expect(first).toBeGreaterThan(0)
    expect(first).toBeLessThanOrEqual(most[0])
    expect(later).toBeLessThanOrEqual(most[1])
  })
})
