import { describe, expect, test } from "vitest"
import { readEnvironment } from "../../functions/environment.ts"

const issuer = { issuer: "https://issuer.example", audience: "latchkey", platforms: ["acme"], publicKeys: [] }

const complete = {
  CONNECTIONS_TABLE: "connections",
  AUDIT_TABLE: "audit",
  USAGE_TABLE: "usage",
  KMS_KEY_ID: "alias/latchkey",
  UPSTASH_REDIS_REST_URL: "https://redis.example",
  UPSTASH_REDIS_REST_TOKEN: "t0ken",
  LATCHKEY_ISSUERS: JSON.stringify([issuer]),
}

describe("the environment of a function", () => {
  test("needs names, addresses and issuers; the rest has defaults that open nothing", () => {
    expect(readEnvironment(complete)).toEqual({
      sandbox: false,
      tables: { connections: "connections", audit: "audit", usage: "usage" },
      kmsKeyId: "alias/latchkey",
      redis: { url: "https://redis.example", token: "t0ken" },
      issuers: [issuer],
      outbound: { allowHttp: false, allowLoopback: false, exceptions: [] },
      directCallers: [],
      aws: { allowEndpoint: false },
      audit: { mode: "required", retentionDays: 400 },
      consoleOrigin: undefined,
      logShare: 1,
      deadlines: { resolveMs: 15_000, requestMs: 5_000 },
    })
  })

  test("says what else it can", () => {
    const settings = readEnvironment({
      ...complete,
      LATCHKEY_OUTBOUND: '{"allowHttp":true,"exceptions":[{"platformId":"acme","cidr":"10.0.0.0/8"}]}',
      LATCHKEY_DIRECT_CALLERS: '[{"name":"engine","platforms":["acme"]}]',
      LATCHKEY_AUDIT: "best-effort",
      LATCHKEY_AUDIT_DAYS: "30",
      LATCHKEY_CONSOLE_ORIGIN: "https://console.example",
      LATCHKEY_RESOLVE_MS: "29000",
      LATCHKEY_REQUEST_MS: "500",
    })

    expect(settings).toMatchObject({
      outbound: {
        allowHttp: true,
        allowLoopback: false,
        exceptions: [{ platformId: "acme", cidr: "10.0.0.0/8" }],
      },
      directCallers: [{ name: "engine", platforms: ["acme"] }],
      audit: { mode: "best-effort", retentionDays: 30 },
      consoleOrigin: "https://console.example",
      deadlines: { resolveMs: 29_000, requestMs: 500 },
    })
  })

  test.each([
    ["CONNECTIONS_TABLE", ""],
    ["UPSTASH_REDIS_REST_URL", "redis.example"],
    ["LATCHKEY_ISSUERS", "s3cret"],
    ["LATCHKEY_ISSUERS", "[]"],
    ["LATCHKEY_ISSUERS", '["s3cret"]'],
    ["LATCHKEY_OUTBOUND", '{"allowLoopback":"s3cret"}'],
    ["LATCHKEY_OUTBOUND", '{"allowEverything":true}'],
    ["LATCHKEY_OUTBOUND", '{"exceptions":[{"platformId":"*"}]}'],
    ["LATCHKEY_DIRECT_CALLERS", '[{"name":"engine"}]'],
    ["LATCHKEY_DIRECT_CALLERS", '[{"name":"engine","platforms":[1]}]'],
    ["LATCHKEY_DIRECT_CALLERS", '[{"name":"engine","platforms":[],"more":1}]'],
    ["LATCHKEY_AUDIT", "on"],
    ["LATCHKEY_AUDIT_DAYS", "0"],
    ["LATCHKEY_AUDIT_DAYS", "1.5"],
    ["LATCHKEY_CONSOLE_ORIGIN", "console"],
    ["LATCHKEY_RESOLVE_MS", "2999"],
    ["LATCHKEY_RESOLVE_MS", "29001"],
    ["LATCHKEY_REQUEST_MS", "fast"],
    ["LATCHKEY_LOG_PERCENT", "101"],
    ["LATCHKEY_SANDBOX", "true"],
  ])("%s cannot be %j, and the error says what it must be without repeating it", (name, value) => {
    const read = () => readEnvironment({ ...complete, [name]: value })

    expect(read).toThrow(`${name} must be `)
    expect(read).not.toThrow("s3cret")
  })

  test("an error names everything that is wrong at once", () => {
    expect(() => readEnvironment({ ...complete, CONNECTIONS_TABLE: "", LATCHKEY_ISSUERS: "[]" })).toThrow(
      /CONNECTIONS_TABLE must be .*LATCHKEY_ISSUERS must be /,
    )
  })

  test("may be of those parts alone that the function has a use for", () => {
    expect(readEnvironment({})).toEqual({
      sandbox: false,
      tables: {},
      outbound: { allowHttp: false, allowLoopback: false, exceptions: [] },
      directCallers: [],
      aws: { allowEndpoint: false },
      audit: { mode: "required", retentionDays: 400 },
      consoleOrigin: undefined,
      logShare: 1,
      deadlines: { resolveMs: 15_000, requestMs: 5_000 },
    })
  })

  test.each(["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"])("has no cache without %s", (name) => {
    expect(() => readEnvironment({ ...complete, [name]: undefined })).toThrow(`${name} is missing`)
  })

  test.each(["VAULT_ADDR", "AWS_ENDPOINT_URL", "https_proxy", "NODE_TLS_REJECT_UNAUTHORIZED", "NODE_DEBUG"])(
    "of a deployed function has no %s",
    (name) => {
      expect(() => readEnvironment({ ...complete, [name]: "s3cret" })).toThrow(name)
      expect(() => readEnvironment({ ...complete, LATCHKEY_SANDBOX: "1", [name]: "x" })).not.toThrow()
    },
  )

  test("allows loopback in the sandbox alone, which is never on Lambda", () => {
    const open = { ...complete, LATCHKEY_OUTBOUND: '{"allowLoopback":true}' }
    const sandbox = { ...open, LATCHKEY_SANDBOX: "1" }

    expect(readEnvironment(open).outbound.allowLoopback).toBe(false)
    expect(readEnvironment(sandbox).outbound.allowLoopback).toBe(true)
    expect(() => readEnvironment({ ...sandbox, AWS_LAMBDA_FUNCTION_NAME: "resolve" })).toThrow(
      "LATCHKEY_SANDBOX",
    )
  })

  test("says who the functions are to tenants' roles, and whether connections may name endpoints", () => {
    const aws = (text: string) => readEnvironment({ ...complete, LATCHKEY_AWS: text }).aws
    const principal = { deploymentId: "prod", arn: "arn:aws:iam::123456789012:role/latchkey" }
    expect(aws(JSON.stringify({ principal }))).toEqual({ allowEndpoint: false, principal })
    expect(aws('{"allowEndpoint":true}')).toEqual({ allowEndpoint: true })
    expect(aws('{"endpoint":"http://127.0.0.1:1"}')).toEqual({ allowEndpoint: false })
    for (const wrong of [
      "{}x",
      '{"allowEndpoint":"yes"}',
      '{"principal":{"arn":"arn:aws:iam::123456789012:root"}}',
      '{"principal":{"deploymentId":"prod","arn":"arn:aws:iam::1:user/x"}}',
      '{"unknown":1}',
    ])
      expect(() => aws(wrong)).toThrow("LATCHKEY_AWS")
  })
})
