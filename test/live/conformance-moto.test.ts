import { aws } from "../../core/providers/aws/index.ts"
import { awsSubject, cannotOfAws, withEndpoints, writeSecrets } from "../conformance/aws-server.ts"
import { describeProvider } from "../conformance/provider.ts"
import { startMoto } from "./servers.ts"

let servers = 0

/** Speaks to Secrets Manager as its operator does, and without the SDK, which a test leads astray meanwhile. */
async function call(url: string, operation: string, input: object): Promise<Response> {
  const credential = "Credential=testing/20260101/us-east-1/secretsmanager/aws4_request"
  return fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": `secretsmanager.${operation}`,
      authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=unchecked`,
    },
    body: JSON.stringify(input),
  })
}

async function startSeeded() {
  const { url, stop } = await startMoto()
  const put = async (name: string, value: string | Buffer) => {
    const secret =
      typeof value === "string" ? { SecretString: value } : { SecretBinary: value.toString("base64") }
    const created = await call(url, "CreateSecret", { Name: name, ...secret })
    if (created.ok) return
    const again = await call(url, "PutSecretValue", { SecretId: name, ...secret })
    if (!again.ok) throw new Error(`${name} was not written: ${await again.text()}`)
  }
  const written = await writeSecrets(put, ++servers)
  await call(url, "DeleteSecret", { SecretId: written.deleted })
  return { ...written, url, stop }
}

const unchecked = "moto does not check credentials, nor what they may do"
const cannot = {
  ...cannotOfAws,
  denied: unchecked,
  wrongCredentials: unchecked,
  expireSessions: unchecked,
  deniedBrowse: unchecked,
}

describeProvider({
  ...awsSubject,
  name: "moto, by an access key",
  provider: withEndpoints(aws),
  cannot: { ...cannot, login: "an access key is not logged in with" },
  async start() {
    const server = await startSeeded()
    const accessKeyId = `AKIAMOTO${servers}`
    const config = (endpoint: string) => ({
      ...{ region: "us-east-1", accessKeyId, endpoint },
      secretAccessKey: `moto-secret-access-key-${servers}`,
    })
    const browsing = { ...server.browsing, config }
    return { ...server, config, wrongConfig: config, credentials: [accessKeyId], browsing }
  },
})
