import { createHmac } from "node:crypto"
import { beforeEach, describe, expect, test } from "vitest"
import { signRotation } from "../../core/client/sign-rotation.ts"
import { newRequestId } from "../../core/ids.ts"
import type { Latchkey } from "../../core/latchkey.ts"
import { admin, callerOf, connect, resolve, world } from "../support/instance.ts"

const minute = 60_000

let deployment: ReturnType<typeof world>
let latchkey: Latchkey
let id: string
let secret: string
beforeEach(async () => {
  deployment = world()
  latchkey = deployment.instance()
  id = await connect(latchkey)
  secret = await newSecret()
  deployment.audit.length = 0
})

const newSecret = async (of = id, principal = admin) =>
  (await latchkey.webhook.webhookSecret(callerOf(latchkey, principal), of)).reveal()

const sign = (more: Partial<Parameters<typeof signRotation>[0]> = {}, at = deployment.clock.now()) =>
  signRotation({ secret, platformId: "acme", id, body: "", ...more }, at)

/** `ok`, or the code of what it failed with. */
async function send(signature: string | undefined, more: object = {}, on = latchkey): Promise<string> {
  const call = { platformId: "acme", connectionId: id, rawBody: "", requestId: newRequestId() }
  const signal = new AbortController().signal
  const sent = on.webhook.rotated({ ...call, signature, audit: on.audit.request(), signal, ...more })
  return sent.then(
    () => "ok",
    (error) =>
      error.fields.retryAfterSeconds ? `${error.code} ${error.fields.retryAfterSeconds}` : error.code,
  )
}

const generation = () => [...deployment.store.connections.values()].find((one) => one.id === id)?.generation

/** Whether the work has cleared the connection's cache. */
async function clears(work: () => Promise<unknown>): Promise<boolean> {
  const before = generation()
  await work()
  return generation() !== before
}

describe("the rotation webhook", () => {
  test("signs as the contract says", async () => {
    const body = '{"paths":["a"]}'
    const mac = createHmac("sha256", secret).update(`v1\nacme\n${id}\n1767225600\n${body}`).digest("hex")
    expect(await sign({ body })).toBe(`t=1767225600,v1=${mac}`)
  })

  test("clears the connection's cache, and the audit has the paths", async () => {
    const path = "secret/data/app/key"
    const value = `{{secret://${id}/${path}}}`
    deployment.vault.documents.set("secret/data/app", { key: "old" })
    await resolve(latchkey, value)
    deployment.vault.documents.set("secret/data/app", { key: "new" })
    expect(await resolve(latchkey, value)).toMatchObject({ value: "old" })
    deployment.audit.length = 0

    const rawBody = JSON.stringify({ paths: [path, path] })
    expect(await send(await sign({ body: rawBody }), { rawBody, paths: [path, path] })).toBe("ok")

    expect(deployment.audit).toMatchObject([
      { action: "webhook.rotated", actor: "webhook", connectionId: id, paths: [{ path, count: 2 }] },
    ])
    expect(await resolve(deployment.instance(), value)).toMatchObject({ value: "new" })
  })

  test("a signature seen again is effective already, on any instance, and clears nothing more", async () => {
    const signature = await sign()
    expect(await send(signature)).toBe("ok")
    for (const ms of [0, 1_000, 4 * minute]) {
      deployment.clock.advance(ms)
      expect(
        await clears(async () => expect(await send(signature, {}, deployment.instance())).toBe("ok")),
      ).toBe(false)
    }
    expect(await send(signature.replace(/[0-9a-f]{64}$/, (hex) => hex.toUpperCase()))).toBe("ok")
    expect(deployment.audit).toHaveLength(1)
  })

  test("a signature of the future is remembered for as long as it is good", async () => {
    const start = deployment.clock.now()
    const signature = await sign({}, start + 5 * minute)
    expect(await send(signature)).toBe("ok")
    for (let at = 20_000; at < 10 * minute; at += 20_000) {
      deployment.clock.advance(20_000)
      await send(await sign())
    }
    deployment.clock.advance(start + 10 * minute - deployment.clock.now())
    expect(await clears(async () => expect(await send(signature)).toBe("ok"))).toBe(false)
    deployment.clock.advance(1)
    expect(await send(signature)).toBe("AUTHENTICATION")
    const kept = deployment.store.connections.values().next().value?.webhook?.clears
    expect(kept?.length).toBeLessThanOrEqual(61)
  })

  test("another signature within ten seconds waits", async () => {
    await send(await sign())
    deployment.clock.advance(7_500)
    const early = await sign()
    expect(await clears(async () => expect(await send(early)).toBe("THROTTLED 3"))).toBe(false)
    deployment.clock.advance(2_500)
    expect(await clears(async () => expect(await send(early)).toBe("ok"))).toBe(true)
  })

  test("of many at once one clears: those with its signature are effective, others wait", async () => {
    const one = await sign()
    const other = await sign({}, deployment.clock.now() - 1_000)
    const sent = [one, other, one, other, one].map((signature) => send(signature, {}, deployment.instance()))
    const answers = await Promise.all(sent)
    const [ofOne, ofOther] = [answers.filter((_, i) => i % 2 === 0), answers.filter((_, i) => i % 2 === 1)]
    expect(new Set([...ofOne, ...ofOther])).toEqual(new Set(["ok", "THROTTLED 10"]))
    expect([new Set(ofOne).size, new Set(ofOther).size]).toEqual([1, 1])
  })

  test("does not clear without its record", async () => {
    deployment.auditStore.down = true
    expect(await clears(async () => expect(await send(await sign())).toBe("UNAVAILABLE"))).toBe(false)
  })
})

describe("what is refused alike", () => {
  const other = `smc_${"o".repeat(21)}`
  const cases: Record<string, () => Promise<[string | undefined, object?]>> = {
    "no signature": async () => [undefined],
    "an empty one": async () => [""],
    "one without a time": async () => [(await sign()).replace(/^t=\d+,/, "")],
    "one with more behind it": async () => [`${await sign()},v1=${"0".repeat(64)}`],
    "one that is cut off": async () => [(await sign()).slice(0, -2)],
    "one by another secret": async () => [await sign({ secret: "whsec_other" })],
    "one by no secret": async () => [await sign({ secret: "\0" })],
    "one for another body": async () => [await sign({ body: "{}" })],
    "a body under another's signature": async () => [await sign(), { rawBody: "{}" }],
    "one for another platform": async () => [await sign({ platformId: "umbrella" })],
    "one for another connection": async () => [await sign({ id: other })],
    "one with a changed time": async () => [
      (await sign()).replace(/t=(\d+)/, (_, t) => `t=${Number(t) + 1}`),
    ],
    "one that is too old": async () => [await sign({}, deployment.clock.now() - 5 * minute - 1_000)],
    "one too far ahead": async () => [await sign({}, deployment.clock.now() + 5 * minute + 1_000)],
    "an unknown connection": async () => [await sign({ id: other }), { connectionId: other }],
    "an unknown platform": async () => [await sign({ platformId: "umbrella" }), { platformId: "umbrella" }],
    "a connection without a secret": async () => {
      const connectionId = await connect(latchkey)
      return [await sign({ id: connectionId }), { connectionId }]
    },
  }

  test.each(Object.entries(cases))("%s", async (_, make) => {
    const [signature, more] = await make()
    deployment.audit.length = 0
    expect(await clears(async () => expect(await send(signature, more)).toBe("AUTHENTICATION"))).toBe(false)
    expect(deployment.audit).toEqual([])
  })

  test("a sealed secret that was moved to another connection or platform", async () => {
    const connectionId = await connect(latchkey)
    const stranger = { ...admin, platformId: "umbrella" }
    const theirs = await connect(latchkey, {}, stranger)
    const records = [...deployment.store.connections.values()]
    const webhook = records.find((record) => record.id === id)?.webhook
    for (const record of records) if (webhook && record.id !== id) record.webhook = structuredClone(webhook)
    const moved = { connectionId }
    expect(await send(await sign({ id: connectionId }), moved)).toBe("AUTHENTICATION")
    const abroad = { platformId: "umbrella", connectionId: theirs }
    expect(await send(await sign({ platformId: "umbrella", id: theirs }), abroad)).toBe("AUTHENTICATION")
  })
})

describe("a webhook's secret", () => {
  test("is new each time, sealed where it is stored, and recorded", async () => {
    expect(secret).toMatch(/^whsec_[\w-]{43}$/)
    const before = JSON.stringify([...deployment.store.connections.values()])
    const after = await newSecret()
    expect(after).not.toBe(secret)
    expect(before).not.toContain(secret)
    expect(deployment.audit).toMatchObject([{ action: "webhook.created", actor: "ada", connectionId: id }])
    expect(JSON.stringify(deployment.audit)).not.toContain(after)
  })

  test("lets the one before work for 24 hours more, and no other", async () => {
    const first = secret
    deployment.clock.advance(5 * 24 * 60 * minute)
    const second = await newSecret()
    deployment.clock.advance(24 * 60 * minute - 1)
    expect(await send(await sign({ secret: first }))).toBe("ok")
    deployment.clock.advance(10_000)
    expect(await send(await sign({ secret: first }))).toBe("AUTHENTICATION")
    expect(await send(await sign({ secret: second }))).toBe("ok")

    const third = await newSecret()
    deployment.clock.advance(10_000)
    expect(await send(await sign({ secret: second }))).toBe("ok")
    await newSecret()
    expect(await send(await sign({ secret: second }))).toBe("AUTHENTICATION")
    deployment.clock.advance(10_000)
    expect(await send(await sign({ secret: third }))).toBe("ok")
  })

  test("leaves the version and the cache alone, outlives updates, and ends with the connection", async () => {
    expect(await clears(() => newSecret())).toBe(false)
    expect(deployment.store.connections.values().next().value?.version).toBe(1)
    await latchkey.connections.update(callerOf(latchkey, admin), id, { name: "Renamed" }, undefined)
    expect(await send(await sign())).toBe("ok")
    await latchkey.connections.remove(callerOf(latchkey, admin), id)
    expect(await send(await sign({}, deployment.clock.now() + 1_000))).toBe("AUTHENTICATION")
  })

  test("is for connections of one's own platform", async () => {
    const stranger = { ...admin, platformId: "umbrella" }
    for (const [of, principal] of [
      ["smc_none", admin],
      [id, stranger],
    ] as const)
      await expect(newSecret(of, principal)).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" })
  })
})
