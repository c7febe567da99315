import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts"
import { externalIdOf } from "../../../core/providers/aws/deployment.ts"
import { latchkeyInAws } from "../../../local/environment.ts"
import { demoPolicy } from "../../../local/secret-managers/aws/demo.ts"
import { type AwsServer, startAws } from "../../../local/secret-managers/aws/server.ts"
import { otherAccount, type Policy } from "../../../local/secret-managers/aws/state.ts"
import { startProxy } from "../../conformance/proxy.ts"
import { type Canaries, canary } from "./search.ts"
import { ownKey } from "./stage.ts"
import type { Target } from "./target.ts"

export const region = "ap-southeast-7"

/** An AWS in which Latchkey's own key is known, and what stands before it. */
export async function startAwsWithLatchkey() {
  const server = await startAws({ region, hostCheck: false })
  const wire = await startProxy(server.url, { keepHost: true })
  const { deploymentId, arn } = latchkeyInAws
  server.admin.letAssume(ownKey, "latchkey")
  return {
    server,
    wire,
    /** What connections that name no endpoint, those by a role, are told of it. */
    environment: {
      LATCHKEY_AWS: JSON.stringify({
        allowEndpoint: true,
        endpoint: wire.url,
        principal: { deploymentId, arn },
      }),
    },
    /** The ARN of a new role, which trusts Latchkey when it acts for the platform. */
    createRole: async (platformId: string, policy: Policy) =>
      server.admin.createRole(canary("arn-of-a-role"), {
        trusts: [`arn:aws:iam::${otherAccount}:root`],
        externalId: await externalIdOf(deploymentId, platformId),
        policy,
      }),
    /** The credentials of roles' sessions. */
    sessions: () => sessionsOf(server),
    async stop() {
      await wire.stop()
      await server.stop()
    },
  }
}

/** By a session's key at an endpoint of the connection's own, and by a role. */
export async function startAwsTarget({
  seed,
  probe,
  ...rest
}: Omit<Target, "wires" | "ways" | "unsent" | "made" | "stop"> & {
  seed(server: AwsServer): void
  probe: Record<string, string>
}): Promise<Target> {
  // Loaded beforehand: on a busy machine that takes longer than a request may.
  await Promise.all([import("@aws-sdk/client-secrets-manager"), import("@aws-sdk/client-ssm")])
  const { server, wire, environment, createRole, sessions, stop } = await startAwsWithLatchkey()
  seed(server)
  const endpoint = `${wire.url}/${canary("base-path")}`
  const session = await startSession(server)
  return {
    ...rest,
    wires: [wire],
    ways: {
      session: async () => ({ region, endpoint, ...session, ...probe }),
      role: async (platformId) => ({ region, roleArn: await createRole(platformId, demoPolicy), ...probe }),
    },
    unsent: { secretAccessKey: "another" },
    made: sessions,
    environment,
    stop,
  }
}

/** Temporary credentials, as a person gets them. */
async function startSession({ admin, url: endpoint }: AwsServer) {
  const RoleArn = admin.createRole("temporary", { trusts: [latchkeyInAws.arn], policy: demoPolicy })
  const sts = new STSClient({ region, endpoint, credentials: ownKey })
  const { Credentials: made } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: "me" }))
  return {
    accessKeyId: made?.AccessKeyId,
    secretAccessKey: made?.SecretAccessKey,
    sessionToken: made?.SessionToken,
  }
}

/** The credentials of roles' sessions. */
function sessionsOf({ state }: AwsServer): Canaries {
  const sessions: [id: string, { secretAccessKey: string; sessionToken: string }][] = JSON.parse(state())
    .sessions.$map
  return Object.fromEntries(
    sessions.flatMap(([id, { secretAccessKey, sessionToken }]) => [
      [`secret of session ${id}`, secretAccessKey],
      [`token of session ${id}`, sessionToken],
    ]),
  )
}
