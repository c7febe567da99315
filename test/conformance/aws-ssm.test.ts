import { type AwsPrincipal, externalIdOf } from "../../core/providers/aws/deployment.ts"
import { awsSsm } from "../../core/providers/aws-ssm/index.ts"
import { Secret } from "../../core/secret.ts"
import { createLatchkey } from "../../local/secret-managers/aws/admin.ts"
import { type AwsServer, startAws } from "../../local/secret-managers/aws/server.ts"
import type { Policy } from "../../local/secret-managers/aws/state.ts"
import {
  awsSubject,
  byRole,
  cannotOfAws,
  isParameterRead,
  parameterCannot,
  withEndpoints,
  writeParameters,
} from "./aws-server.ts"
import { describeProvider } from "./provider.ts"
import type { Subject } from "./subject.ts"
import { switchesOf } from "./switches.ts"

const parameter = (name: string) => `arn:aws:ssm:*:*:parameter/${name}`

/** To read some parameters, and nothing else. */
const policy: Policy = {
  Statement: [
    { Effect: "Allow", Action: "ssm:GetParameters", Resource: parameter("*") },
    { Effect: "Deny", Action: "ssm:*", Resource: parameter("conformance/denied") },
  ],
}
const toList: Policy = {
  Statement: [...policy.Statement, { Effect: "Allow", Action: "ssm:DescribeParameters", Resource: "*" }],
}

let servers = 0

async function seed(server: AwsServer) {
  // Loaded beforehand: on a busy machine that takes longer than a request may.
  await Promise.all([import("@aws-sdk/client-ssm"), import("@aws-sdk/client-sts")])
  const written = await writeParameters((operation, input) => server.admin.call(operation, input), ++servers)
  return {
    ...written,
    url: server.url,
    switches: switchesOf(server.faults, { error: "ThrottlingException" }),
    stop: () => server.stop(),
  }
}

const subject = { ...awsSubject, isRead: isParameterRead } satisfies Partial<Subject>

describeProvider({
  ...subject,
  name: "the sandbox, by an access key",
  provider: withEndpoints(awsSsm),
  cannot: {
    ...cannotOfAws,
    ...parameterCannot,
    login: "an access key is not logged in with",
    expireSessions: "an access key is not renewed",
  },
  async start() {
    const server = await startAws({ hostCheck: false })
    const { arn: _, ...key } = server.admin.createUser("reader", policy)
    const { arn: __, ...listing } = server.admin.createUser("lister", toList)
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
  },
})

describeProvider({
  ...subject,
  name: "the sandbox, by a role",
  provider: byRole(awsSsm),
  cannot: { ...cannotOfAws, ...parameterCannot },
  async start() {
    const server = await startAws({ hostCheck: false })
    const { arn, accessKeyId, secretAccessKey } = createLatchkey(server.admin)
    const credentials = async () => ({ accessKeyId, secretAccessKey: new Secret(secretAccessKey) })
    const principal: AwsPrincipal = { deploymentId: "test", arn, credentials }
    const role = { trusts: [arn], externalId: await externalIdOf("test", "acme"), policy }
    const roleArn = server.admin.createRole("reader", role)
    const mistrusting = server.admin.createRole("mistrusting", { ...role, externalId: "another" })
    const listing = server.admin.createRole("lister", { ...role, policy: toList })
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
