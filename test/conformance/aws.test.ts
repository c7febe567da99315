import { aws } from "../../core/providers/aws/index.ts"
import type { AwsServer } from "../../local/secret-managers/aws/server.ts"
import type { Policy } from "../../local/secret-managers/aws/state.ts"
import { noLogin, startByKey, startByRole } from "./aws-sandbox.ts"
import { awsSubject, byRole, cannotOfAws, withEndpoints, writeSecrets } from "./aws-server.ts"
import { describeProvider } from "./provider.ts"

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

async function seed({ admin }: AwsServer) {
  // Loaded beforehand: on a busy machine that takes longer than a request may.
  await Promise.all([import("@aws-sdk/client-secrets-manager"), import("@aws-sdk/client-sts")])
  const put = async (name: string, value: string | Buffer) =>
    admin.put(name, typeof value === "string" ? value : { binary: value.toString("base64") })
  const written = await writeSecrets(put, ++servers)
  admin.call("DeleteSecret", { SecretId: written.deleted })
  return written
}

describeProvider({
  ...awsSubject,
  name: "the sandbox, by an access key that may not read in batches",
  provider: withEndpoints(aws),
  cannot: { ...cannotOfAws, ...noLogin },
  start: () => startByKey({ policy, toList: toList(policy), seed }),
})

describeProvider({
  ...awsSubject,
  name: "the sandbox, by an access key that may",
  provider: withEndpoints(aws),
  cannot: { ...cannotOfAws, ...noLogin },
  start: () => startByKey({ policy: withBatches, toList: toList(withBatches), seed }),
})

describeProvider({
  ...awsSubject,
  name: "the sandbox, by a role",
  provider: byRole(aws),
  cannot: cannotOfAws,
  start: () => startByRole({ policy: withBatches, toList: toList(withBatches), seed }),
})
