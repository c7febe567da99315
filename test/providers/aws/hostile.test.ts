import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { expect, onTestFinished, test } from "vitest"
import { systemClock } from "../../../core/clock.ts"
import { createNetwork } from "../../../core/network/client.ts"
import { aws } from "../../../core/providers/aws/index.ts"
import { awsSsm } from "../../../core/providers/aws-ssm/index.ts"
import type { Provider } from "../../../core/providers/provider.ts"
import { deep, testDeps } from "../deps.ts"

/** A connection whose endpoint answers everything so. What it is made to spend must be bounded, whoever it belongs to. */
async function answering(status: number, body: string, provider: Provider = aws) {
  const server = createServer((request, response) => {
    request.resume()
    response.writeHead(status, { "content-type": "text/xml" }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => void server.close())
  const network = createNetwork({
    policy: { allowHttp: true, allowLoopback: true, exceptions: [] },
    clock: { ...systemClock, sleep: async () => {} },
  })
  onTestFinished(() => network.close())
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const config = provider.config().parse({
    region: "us-east-1",
    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    secretAccessKey: "key",
    endpoint,
  })
  const http = network.client({ platformId: "acme", connectionKey: "test", attempts: 1 })
  return provider.open(config, { ...testDeps(http), aws: { allowEndpoint: true } })
}

const { signal } = new AbortController()

test("an error full of openings is read in linear time", async () => {
  const client = await answering(400, "<Error>".repeat(100_000))
  const results = await client.fetch(["name"], signal)
  expect(results.get("name")).toMatchObject({ ok: false, error: { reason: "PROVIDER_ERROR" } })
}, 5_000)

test("an error in XML is still told by its code", async () => {
  const body = "<ErrorResponse><Error>\n<Type>Sender</Type><Code>AccessDenied</Code></Error></ErrorResponse>"
  const results = await (await answering(400, body)).fetch(["name"], signal)
  expect(results.get("name")).toMatchObject({ ok: false, error: { reason: "PERMISSION_DENIED" } })
})

test("a list with holes in it is no value of anything, and no bug", async () => {
  const names = ["a", "b", "c", "d"]
  for (const body of ['{"SecretValues":[null],"Errors":[null]}', '{"SecretValues":1,"Errors":{}}']) {
    const results = await (await answering(200, body)).fetch(names, signal)
    for (const name of names) expect(results.get(name)).toMatchObject({ ok: false })
  }
})

test("what is no text where text belongs is none, however deep it nests", async () => {
  const names = ["a", "b", "c", "d"]
  for (const odd of ["1", "{}", '{"toString":1}', deep]) {
    const secret = `"ARN":${odd},"Name":${odd},"VersionId":${odd}`
    const parameter = `{"Name":${odd},"ARN":${odd},"Selector":${odd},"Value":"v","Version":${odd}}`
    for (const [provider, body] of [
      [
        aws,
        `{"SecretValues":[{${secret},"SecretString":"v"}],"Errors":[{"SecretId":${odd}}],"NextToken":${odd}}`,
      ],
      [aws, `{${secret},"SecretString":${odd}}`],
      [aws, `{${secret},"SecretBinary":${odd}}`],
      [awsSsm, `{"Parameters":[${parameter}],"InvalidParameters":[${odd}]}`],
      [awsSsm, `{"Parameters":[{"Name":"a","Value":${odd}}],"InvalidParameters":${odd}}`],
    ] as const) {
      const results = await (await answering(200, body, provider)).fetch(names, signal)
      for (const name of names)
        expect(results.get(name)).toMatchObject({ ok: false, error: { reason: "PROVIDER_ERROR" } })
    }
  }
})

test("an answer of STS that is larger than any is not parsed", async () => {
  const client = await answering(200, `<r>${"&".repeat(2_000_000)}</r>`)
  const { steps } = await client.check(signal)
  expect(steps.at(-1)).toMatchObject({ ok: false, error: { reason: "PROVIDER_ERROR" } })
}, 5_000)
