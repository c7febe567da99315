import { awsSsm } from "../../core/providers/aws-ssm/index.ts"
import type { AwsServer } from "../../local/secret-managers/aws/server.ts"
import type { Policy } from "../../local/secret-managers/aws/state.ts"
import { noLogin, startByKey, startByRole } from "./aws-sandbox.ts"
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
  return writeParameters((operation, input) => server.admin.call(operation, input), ++servers)
}

const subject = { ...awsSubject, isRead: isParameterRead } satisfies Partial<Subject>

describeProvider({
  ...subject,
  name: "the sandbox, by an access key",
  provider: withEndpoints(awsSsm),
  cannot: { ...cannotOfAws, ...parameterCannot, ...noLogin },
  start: () => startByKey({ policy, toList, seed }),
})

describeProvider({
  ...subject,
  name: "the sandbox, by a role",
  provider: byRole(awsSsm),
  cannot: { ...cannotOfAws, ...parameterCannot },
  start: () => startByRole({ policy, toList, seed }),
})
