import { expect, onTestFinished, test } from "vitest"
import type { Json } from "../../core/json.ts"
import type { AwsPrincipal } from "../../core/providers/aws/deployment.ts"
import { aws } from "../../core/providers/aws/index.ts"
import { awsSsm } from "../../core/providers/aws-ssm/index.ts"
import { Secret } from "../../core/secret.ts"
import {
  awsSubject,
  byRole,
  cannotOfAws,
  isParameterRead,
  parameterCannot,
  withEndpoints,
  writeParameters,
  writeSecrets,
} from "../conformance/aws-server.ts"
import { connection, localNetwork } from "../conformance/connection.ts"
import { describeProvider } from "../conformance/provider.ts"
import type { Subject, TestServer } from "../conformance/subject.ts"
import { traces } from "../conformance/traces.ts"
import { startMoto } from "./servers.ts"

let servers = 0

/** Speaks to a service as its operator does, and without the SDK, which a test leads astray meanwhile. */
async function call(url: string, target: string, input: { [key: string]: Json }): Promise<Response> {
  const service = target.startsWith("AmazonSSM") ? "ssm" : "secretsmanager"
  const credential = `Credential=testing/20260101/us-east-1/${service}/aws4_request`
  return fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": target,
      authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=unchecked`,
    },
    body: JSON.stringify(input),
  })
}

async function startWithSecrets() {
  const { url, stop } = await startMoto()
  const put = async (name: string, value: string | Buffer) => {
    const secret =
      typeof value === "string" ? { SecretString: value } : { SecretBinary: value.toString("base64") }
    const created = await call(url, "secretsmanager.CreateSecret", { Name: name, ...secret })
    if (created.ok) return
    const again = await call(url, "secretsmanager.PutSecretValue", { SecretId: name, ...secret })
    if (!again.ok) throw new Error(`${name} was not written: ${await again.text()}`)
  }
  const written = await writeSecrets(put, ++servers)
  await call(url, "secretsmanager.DeleteSecret", { SecretId: written.deleted })
  return { ...written, url, stop }
}

async function startWithParameters() {
  const { url, stop } = await startMoto()
  const written = await writeParameters(async (operation, input) => {
    const answer = await call(url, `AmazonSSM.${operation}`, input)
    if (!answer.ok) throw new Error(`${operation} failed: ${await answer.text()}`)
  }, ++servers)
  return { ...written, url, stop }
}

const unchecked = "moto does not check credentials, nor what they may do"
const cannot = {
  ...cannotOfAws,
  denied: unchecked,
  wrongCredentials: unchecked,
  expireSessions: unchecked,
  deniedBrowse: unchecked,
  switches: "moto does not fail at will",
}
const byKeyCannot = { ...cannot, login: "an access key is not logged in with" }

type Started = Awaited<ReturnType<typeof startWithSecrets> | ReturnType<typeof startWithParameters>>

function withKey(server: Started): TestServer {
  const accessKeyId = `AKIAMOTO${servers}`
  const config = (endpoint: string) => ({
    ...{ region: "us-east-1", accessKeyId, endpoint },
    secretAccessKey: `moto-secret-access-key-${servers}`,
  })
  const browsing = { ...server.browsing, config }
  return { ...server, config, wrongConfig: config, credentials: [accessKeyId], browsing }
}

/** moto's secrets and parameters are of the account 123456789012, and so are those of the roles in it. */
function withRole(server: Started): TestServer {
  const accessKeyId = `AKIALATCHKEY${servers}`
  const secretAccessKey = `latchkey-secret-access-key-${servers}`
  const principal: AwsPrincipal = {
    deploymentId: "test",
    arn: "arn:aws:iam::444455556666:role/latchkey",
    credentials: async () => ({ accessKeyId, secretAccessKey: new Secret(secretAccessKey) }),
  }
  const roleArn = "arn:aws:iam::123456789012:role/tenant"
  const config = (endpoint: string) => ({ region: "us-east-1", roleArn, endpoint, principal })
  const browsing = { ...server.browsing, config }
  return { ...server, config, wrongConfig: config, credentials: [accessKeyId, secretAccessKey], browsing }
}

const secrets = { ...awsSubject } satisfies Partial<Subject>
const parameters = { ...awsSubject, isRead: isParameterRead } satisfies Partial<Subject>

describeProvider({
  ...secrets,
  name: "moto, by an access key",
  provider: withEndpoints(aws),
  cannot: byKeyCannot,
  start: async () => withKey(await startWithSecrets()),
})

describeProvider({
  ...secrets,
  name: "moto, by a role",
  provider: byRole(aws),
  cannot: { ...cannot, passingCheck: "moto lets a role be assumed without its external id" },
  start: async () => withRole(await startWithSecrets()),
})

test("a role that moto lets be assumed without an external id is refused by a check, and by it alone", async () => {
  const server = withRole(await startWithSecrets())
  onTestFinished(server.stop)
  const network = localNetwork()
  onTestFinished(() => network.close())
  const { check } = connection({
    provider: byRole(aws),
    config: server.config(server.url),
    http: network.client({ platformId: "acme", connectionKey: "moto" }),
    seen: traces(),
  })
  const { steps } = await check()
  expect(steps.at(-1)).toMatchObject({ name: "authenticate", error: { reason: "BAD_CREDENTIALS" } })
  expect(steps.at(-1)?.error?.message).toContain("without an external id")
})

describeProvider({
  ...parameters,
  name: "moto, by an access key",
  provider: withEndpoints(awsSsm),
  cannot: { ...byKeyCannot, ...parameterCannot },
  start: async () => withKey(await startWithParameters()),
})
