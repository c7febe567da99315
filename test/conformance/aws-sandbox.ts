import { type AwsPrincipal, externalIdOf } from "../../core/providers/aws/deployment.ts"
import { Secret } from "../../core/secret.ts"
import { createLatchkey } from "../../local/secret-managers/aws/admin.ts"
import { type AwsServer, startAws } from "../../local/secret-managers/aws/server.ts"
import type { Policy } from "../../local/secret-managers/aws/state.ts"
import type { Browsing, TestServer } from "./subject.ts"
import { switchesOf } from "./switches.ts"

type Content = Omit<TestServer, "url" | "config" | "wrongConfig" | "credentials" | "browsing" | "stop">

interface Service {
  /** What the connection may do, which is to read, and what it may where it lists too. */
  policy: Policy
  toList: Policy
  /** Puts into a server what the suite reads. */
  seed(server: AwsServer): Promise<Content & { browsing: Omit<Browsing, "config"> }>
}

/** Why a connection by an access key cannot show these. */
export const noLogin = {
  login: "an access key is not logged in with",
  expireSessions: "an access key is not renewed",
}

/** The sandbox's AWS, for a connection by an access key. */
export async function startByKey({ policy, toList, seed }: Service): Promise<TestServer> {
  const server = await startAws({ hostCheck: false })
  const { arn: _, ...key } = server.admin.createUser("reader", policy)
  const { arn: __, ...listing } = server.admin.createUser("lister", toList)
  const content = await seed(server)
  const where = (endpoint: string) => ({ region: "us-east-1", endpoint })
  const secretAccessKey = "wrong-secret-access-key"
  return {
    ...content,
    ...partsOf(server),
    config: (url) => ({ ...where(url), ...key }),
    wrongConfig: (url) => ({ ...where(url), ...key, secretAccessKey }),
    credentials: [...Object.values(key), ...Object.values(listing), secretAccessKey],
    browsing: { ...content.browsing, config: (url) => ({ ...where(url), ...listing }) },
  }
}

/** The sandbox's AWS, for a connection by a role, which `byRole` tells a provider of. */
export async function startByRole({ policy, toList, seed }: Service): Promise<TestServer> {
  const server = await startAws({ hostCheck: false })
  const { arn, accessKeyId, secretAccessKey } = createLatchkey(server.admin)
  const credentials = async () => ({ accessKeyId, secretAccessKey: new Secret(secretAccessKey) })
  const principal: AwsPrincipal = { deploymentId: "test", arn, credentials }
  const role = { trusts: [arn], externalId: await externalIdOf("test", "acme"), policy }
  const roleArn = server.admin.createRole("reader", role)
  const mistrusting = server.admin.createRole("mistrusting", { ...role, externalId: "another" })
  const listing = server.admin.createRole("lister", { ...role, policy: toList })
  const content = await seed(server)
  const where = (endpoint: string) => ({ region: "us-east-1", endpoint, principal })
  return {
    ...content,
    ...partsOf(server),
    config: (url) => ({ ...where(url), roleArn }),
    wrongConfig: (url) => ({ ...where(url), roleArn: mistrusting }),
    credentials: [accessKeyId, secretAccessKey],
    browsing: { ...content.browsing, config: (url) => ({ ...where(url), roleArn: listing }) },
    expireSessions: async () => server.admin.endSessions(),
  }
}

const partsOf = (server: AwsServer) => ({
  url: server.url,
  switches: switchesOf(server.faults, { error: "ThrottlingException" }),
  stop: () => server.stop(),
})
