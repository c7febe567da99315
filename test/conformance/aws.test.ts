import { type AwsPrincipal, externalIdOf } from "../../core/providers/aws/deployment.ts"
import { aws } from "../../core/providers/aws/index.ts"
import { Secret } from "../../core/secret.ts"
import { createLatchkey } from "../../local/secret-managers/aws/admin.ts"
import { type AwsServer, startAws } from "../../local/secret-managers/aws/server.ts"
import type { Policy } from "../../local/secret-managers/aws/state.ts"
import { awsSubject, byRole, cannotOfAws, withEndpoints, writeSecrets } from "./aws-server.ts"
import { describeProvider } from "./provider.ts"
import type { TestServer } from "./subject.ts"
import { switchesOf } from "./switches.ts"

const arn = (name: string) => `arn:aws:secretsmanager:*:*:secret:${name}`

/** To read some secrets, and nothing else: neither in batches, nor to list, nor to describe them. */
const policy: Policy = {
  Statement: [
    { Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: arn("*") },
    { Effect: "Deny", Action: "secretsmanager:*", Resource: arn("conformance/denied*") },
  ],
}
const withBatches: Policy = {
  Statement: [
    ...policy.Statement,
    { Effect: "Allow", Action: "secretsmanager:BatchGetSecretValue", Resource: "*" },
  ],
}

const toList = (policy: Policy): Policy => ({
  Statement: [...policy.Statement, { Effect: "Allow", Action: "secretsmanager:ListSecrets", Resource: "*" }],
})

let servers = 0

async function seed(server: AwsServer) {
  // Loaded beforehand: on a busy machine that takes longer than a request may.
  await Promise.all([import("@aws-sdk/client-secrets-manager"), import("@aws-sdk/client-sts")])
  const { admin } = server
  const put = async (name: string, value: string | Buffer) =>
    admin.put(name, typeof value === "string" ? value : { binary: value.toString("base64") })
  const written = await writeSecrets(put, ++servers)
  admin.call("DeleteSecret", { SecretId: written.deleted })
  return {
    ...written,
    url: server.url,
    switches: switchesOf(server.faults, { error: "ThrottlingException" }),
    stop: () => server.stop(),
  }
}

async function startForKeys(policy: Policy): Promise<TestServer> {
  const server = await startAws({ hostCheck: false })
  const { arn: _, ...key } = server.admin.createUser("reader", policy)
  const { arn: __, ...listing } = server.admin.createUser("lister", toList(policy))
  const seeded = await seed(server)
  const where = (endpoint: string) => ({ region: "us-east-1", endpoint })
  const secretAccessKey = "wrong-secret-access-key"
  return {
    ...seeded,
    config: (url) => ({ ...where(url), ...key }),
    wrongConfig: (url) => ({ ...where(url), ...key, secretAccessKey }),
    credentials: [...Object.values(key), ...Object.values(listing), secretAccessKey],
    browsing: { ...seeded.browsing, config: (url) => ({ ...where(url), ...listing }) },
  }
}

const noLogin = {
  ...cannotOfAws,
  login: "an access key is not logged in with",
  expireSessions: "an access key is not renewed",
}

describeProvider({
  ...awsSubject,
  name: "the sandbox, by an access key that may not read in batches",
  provider: withEndpoints(aws),
  cannot: noLogin,
  start: () => startForKeys(policy),
})

describeProvider({
  ...awsSubject,
  name: "the sandbox, by an access key that may",
  provider: withEndpoints(aws),
  cannot: noLogin,
  start: () => startForKeys(withBatches),
})

describeProvider({
  ...awsSubject,
  name: "the sandbox, by a role",
  provider: byRole(aws),
  cannot: cannotOfAws,
  async start() {
    const server = await startAws({ hostCheck: false })
    const { arn, accessKeyId, secretAccessKey } = createLatchkey(server.admin)
    const credentials = async () => ({ accessKeyId, secretAccessKey: new Secret(secretAccessKey) })
    const principal: AwsPrincipal = { deploymentId: "test", arn, credentials }
    const role = { trusts: [arn], externalId: await externalIdOf("test", "acme"), policy: withBatches }
    const roleArn = server.admin.createRole("reader", role)
    const mistrusting = server.admin.createRole("mistrusting", { ...role, externalId: "another" })
    const listing = server.admin.createRole("lister", { ...role, policy: toList(withBatches) })
    const seeded = await seed(server)
    const where = (endpoint: string) => ({ region: "us-east-1", endpoint, principal })
    return {
      ...seeded,
      config: (url) => ({ ...where(url), roleArn }),
      wrongConfig: (url) => ({ ...where(url), roleArn: mistrusting }),
      credentials: [accessKeyId, secretAccessKey],
      browsing: { ...seeded.browsing, config: (url) => ({ ...where(url), roleArn: listing }) },
      expireSessions: async () => server.admin.endSessions(),
    }
  },
})
