import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { blockedPorts } from "../../core/network/policy.ts"
import {
  type Answer,
  admin,
  type SandboxApi,
  startSandboxApi,
  vaultConnection,
} from "../support/sandbox-api.ts"

/** The functions with the outbound rules of a deployment: no loopback, no plain http. */
let api: SandboxApi
let platforms = 0

beforeAll(async () => {
  api = await startSandboxApi({
    environment: { LATCHKEY_OUTBOUND: JSON.stringify({ allowHttp: false, exceptions: [] }) },
  })
})

afterAll(() => api.close())

/** Each of a platform of its own, since tests are counted. */
const newAdmin = () => api.as(admin(`platform-${++platforms}`))

async function outcomeOf(url: string, as = newAdmin()) {
  const config = { ...api.vault.config, url }
  const tested = await as.post("/test", { providerId: "hashicorp", config })
  const created = await as.post("", vaultConnection(api.vault, { config }))
  return { tested, created, listed: (await as.get("")).body.data }
}

/** What must not differ: what is inside would show by it. */
const shapeOf = ({ status, text }: Answer) => ({
  status,
  text: text.replaceAll(/req_[\w-]{21}/g, "").replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, ""),
})

const addresses = [
  "127.0.0.1",
  "127.1",
  "2130706433",
  "0x7f000001",
  "0177.0.0.1",
  "0.0.0.0",
  "localhost",
  "169.254.169.254",
  "[fd00:ec2::254]",
  "[fe80::1]",
  "100.100.100.200",
  "10.0.0.1",
  "172.16.0.1",
  "192.168.1.1",
  "100.64.0.1",
  "[::1]",
  "[::ffff:127.0.0.1]",
  "[::ffff:169.254.169.254]",
  "[64:ff9b::7f00:1]",
  "[2002:7f00:1::]",
  "[::]",
  "224.0.0.1",
  "255.255.255.255",
  "192.0.2.1",
  "does-not-exist.invalid",
]

describe("an URL that leads to where nobody may look", () => {
  test.for(addresses)("https://%s tells nothing of what is there", async (host) => {
    const before = api.vault.requests.count()
    const { tested, created, listed } = await outcomeOf(`https://${host}:${api.vault.url.split(":").at(-1)}`)
    expect(tested).toMatchObject({ status: 200, body: { connected: false } })
    const error = tested.body.steps?.["0"]?.error
    expect(error).toMatchObject({ reason: "BLOCKED_ADDRESS" })
    expect(tested.text).not.toContain("latencyMs")
    expect(created).toMatchObject({ status: 400, body: { reason: "BLOCKED_ADDRESS" } })
    expect(listed).toEqual([])
    expect(api.vault.requests.count()).toBe(before)
  })

  test("answers the same for a name that does not exist and an address that may not be called", async () => {
    const [nowhere, metadata, local] = await Promise.all(
      ["does-not-exist.invalid", "169.254.169.254", "localhost"].map((host) => outcomeOf(`https://${host}`)),
    )
    for (const answers of [metadata, local])
      for (const which of ["tested", "created"] as const)
        expect(answers && shapeOf(answers[which])).toEqual(nowhere && shapeOf(nowhere[which]))
  })

  test("is refused where it is plain http", async () => {
    const { tested } = await outcomeOf("http://vault.example.invalid")
    expect(tested.body).toMatchObject({
      connected: false,
      steps: [{ error: { reason: "BLOCKED_ADDRESS", detail: expect.stringContaining("Plain http") } }],
    })
  })

  test("is refused by ports that belong to others", async () => {
    const ports = [...blockedPorts].filter((port) => port > 0)
    const some = ports.filter((_, at) => at % 6 === 0)
    for (const port of [22, 25, 6667, ...some]) {
      const { body } = await newAdmin().post("/test", {
        providerId: "hashicorp",
        config: { ...api.vault.config, url: `https://vault.example.invalid:${port}` },
      })
      expect(body.steps?.["0"]?.error).toMatchObject({
        reason: "BLOCKED_ADDRESS",
        detail: expect.stringContaining(`Port ${port} belongs to another protocol`),
      })
    }
  })
})
