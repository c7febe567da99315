import { resolve } from "node:path"
import { describe, expect, test } from "vitest"
import { startOptions } from "../../local/options.ts"

describe("the options of npm start", () => {
  test("have defaults", () => {
    expect(startOptions([], {})).toEqual({
      port: 4000,
      dataDir: resolve(".latchkey"),
      demo: true,
      external: { region: "us-east-1" },
    })
  })

  test("come from the command line, else from LATCHKEY_ variables", () => {
    const variables = { LATCHKEY_PORT: "1", LATCHKEY_DATA_DIR: "/a", LATCHKEY_NO_DEMO: "1" }
    expect(startOptions([], variables)).toMatchObject({ port: 1, dataDir: "/a", demo: false })
    expect(startOptions(["--port", "0", "--data-dir", "/b"], variables)).toMatchObject({
      port: 0,
      dataDir: "/b",
    })
    expect(startOptions(["--no-demo"], { LATCHKEY_NO_DEMO: "0" }).demo).toBe(false)
    expect(startOptions([], { LATCHKEY_NO_DEMO: "false" }).demo).toBe(true)
  })

  test("name real servers by the usual variables", () => {
    const { external } = startOptions([], {
      AWS_REGION: "eu-west-1",
      AWS_ENDPOINT_URL_DYNAMODB: "http://d",
      AWS_ENDPOINT_URL_KMS: "http://k",
      KMS_KEY_ID: "key",
      REDIS_URL: "redis://r",
      LATCHKEY_ISSUERS: "[{}]",
    })
    expect(external).toEqual({
      region: "eu-west-1",
      dynamodb: { url: "http://d" },
      kms: { url: "http://k", keyId: "key" },
      redisUrl: "redis://r",
      issuers: [{}],
    })
  })

  test.each([
    [["--port", "x"], {}, /^--port must be a number from 1 to 65535, or 0 for any free port, not "x"\.$/],
    [["--port", "65536"], {}, /--port must be/],
    [["--what"], {}, /^Unknown option '--what'\. .*Usage: npm start/],
    [["extra"], {}, /Usage: npm start/],
    [[], { AWS_ENDPOINT_URL_KMS: "http://k" }, /name a key of that KMS in KMS_KEY_ID/],
    [[], { UPSTASH_REDIS_REST_URL: "http://u" }, /set UPSTASH_REDIS_REST_TOKEN as well/],
    [[], { AWS_ENDPOINT_URL_DYNAMODB: "d" }, /AWS_ENDPOINT_URL_DYNAMODB must be a URL/],
    [[], { LATCHKEY_ISSUERS: "{}" }, /must be a JSON list/],
  ])("are refused in one line: %j %j", (args, variables, message) => {
    expect(() => startOptions(args, variables)).toThrow(message)
    expect(() => startOptions(args, variables)).toThrow(/^[^\n]*$/)
  })
})
