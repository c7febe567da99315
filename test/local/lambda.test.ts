import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda"
import type { Context } from "aws-lambda"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type LambdaServer, startLambda } from "../../local/lambda.ts"

let server: LambdaServer
let client: LambdaClient
const thrown: unknown[] = []

beforeAll(async () => {
  server = await startLambda({
    aliases: ["sandbox"],
    timeoutMs: 300,
    onError: (_, error) => thrown.push(error),
    functions: {
      "latchkey-echo":
        async () =>
        (event: unknown, { invokedFunctionArn, getRemainingTimeInMillis }: Context) => ({
          event,
          arn: invokedFunctionArn,
          hasTime: getRemainingTimeInMillis() > 0,
        }),
      "latchkey-crash": async () => () => {
        throw new Error("hunter2")
      },
      "latchkey-large": async () => () => "x".repeat(7 * 1024 * 1024),
      "latchkey-slow": async () => () => new Promise(() => {}),
    },
  })
  client = new LambdaClient({
    endpoint: server.url,
    region: "us-east-1",
    credentials: { accessKeyId: "AK", secretAccessKey: "SK" },
    maxAttempts: 1,
  })
})

afterAll(async () => {
  client.destroy()
  await server.close()
})

async function invoke(FunctionName: string, Qualifier?: string, payload: unknown = { a: 1 }) {
  const Payload = new TextEncoder().encode(JSON.stringify(payload))
  const reply = await client.send(
    new InvokeCommand({ FunctionName, ...(Qualifier && { Qualifier }), Payload }),
  )
  return { error: reply.FunctionError, ...JSON.parse(new TextDecoder().decode(reply.Payload)) }
}

const arn = "arn:aws:lambda:us-east-1:000000000000:function:latchkey-echo"

describe("Lambda on one machine", () => {
  test("invokes a function by name, partial name or ARN, and tells it by which alias", async () => {
    for (const [name, qualifier] of [
      ["latchkey-echo", "sandbox"],
      ["latchkey-echo:sandbox", undefined],
      ["000000000000:function:latchkey-echo:sandbox", undefined],
      [`${arn}:sandbox`, undefined],
      [arn, "sandbox"],
      [`${arn}:sandbox`, "sandbox"],
    ] as const)
      expect(await invoke(name, qualifier)).toEqual({ event: { a: 1 }, arn: `${arn}:sandbox`, hasTime: true })
    expect(await invoke("latchkey-echo")).toMatchObject({ arn })
    expect(await invoke("latchkey-echo", "$LATEST")).toMatchObject({ arn: `${arn}:$LATEST` })
    expect(server.requests.all()).toEqual({ "latchkey-echo": 8 })
  })

  test("knows no other function, alias or operation", async () => {
    for (const [name, qualifier] of [
      ["other", "sandbox"],
      ["latchkey-echo", "prod"],
      ["toString", "sandbox"],
    ] as const)
      await expect(invoke(name, qualifier)).rejects.toMatchObject({
        name: "ResourceNotFoundException",
        $metadata: { httpStatusCode: 404 },
      })
    await expect(invoke("latchkey-echo:sandbox", "$LATEST")).rejects.toMatchObject({
      name: "InvalidParameterValueException",
    })
    for (const path of [
      "/",
      "//",
      "/2015-03-31/functions/latchkey-echo",
      "/2015-03-31/functions/%/invocations",
    ])
      expect((await fetch(server.url + path, { method: "POST" })).status).toBe(404)
  })

  test("asks for a signature, and keeps pages out", async () => {
    const path = "/2015-03-31/functions/latchkey-echo/invocations?Qualifier=sandbox"
    expect((await fetch(server.url + path, { method: "POST", body: "{}" })).status).toBe(403)
    const headers = { authorization: "AWS4-HMAC-SHA256 x", origin: "https://evil.example" }
    expect((await fetch(server.url + path, { method: "POST", body: "{}", headers })).status).toBe(403)
  })

  test("refuses what is too large or no JSON", async () => {
    await expect(invoke("latchkey-echo", "sandbox", "x".repeat(7 * 1024 * 1024))).rejects.toMatchObject({
      name: "RequestTooLargeException",
    })
    const command = { FunctionName: "latchkey-echo", Payload: new TextEncoder().encode("{") }
    await expect(client.send(new InvokeCommand(command))).rejects.toMatchObject({
      name: "InvalidRequestContentException",
    })
  })

  test("says that a function crashed, answered too much or too late, and not what it said", async () => {
    expect(await invoke("latchkey-crash")).toEqual({
      error: "Unhandled",
      errorType: "Error",
      errorMessage: "",
    })
    expect(thrown).toEqual([expect.objectContaining({ message: "hunter2" })])
    expect(await invoke("latchkey-large")).toMatchObject({ errorType: "Function.ResponseSizeTooLarge" })
    expect(await invoke("latchkey-slow")).toMatchObject({ error: "Unhandled", errorType: "Sandbox.Timedout" })
  })
})
