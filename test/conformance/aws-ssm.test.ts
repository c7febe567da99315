import { awsSsm } from "../../core/providers/aws-ssm/index.ts"
import { startAws } from "../../local/secret-managers/aws/server.ts"
import {
  awsSubject,
  cannotOfAws,
  parameterCannot,
  target,
  withEndpoints,
  writeParameters,
} from "./aws-server.ts"
import { describeProvider } from "./provider.ts"

let servers = 0

describeProvider({
  ...awsSubject,
  name: "the sandbox, by an access key",
  provider: withEndpoints(awsSsm),
  isRead: (request) => target(request) === "AmazonSSM.GetParameters",
  cannot: {
    ...cannotOfAws,
    ...parameterCannot,
    login: "an access key is not logged in with",
    expireSessions: "an access key is not renewed",
  },
  async start() {
    // Loaded beforehand: on a busy machine that takes longer than a request may.
    await Promise.all([import("@aws-sdk/client-ssm"), import("@aws-sdk/client-sts")])
    const server = await startAws({ hostCheck: false })
    const written = await writeParameters(
      (operation, input) => server.admin.call(operation, input),
      ++servers,
    )
    const parameter = (name: string) => `arn:aws:ssm:*:*:parameter/${name}`
    const { arn: _, ...key } = server.admin.createUser("reader", {
      Statement: [
        { Effect: "Allow", Action: "ssm:GetParameters", Resource: parameter("*") },
        { Effect: "Deny", Action: "ssm:*", Resource: parameter("conformance/denied") },
      ],
    })
    const where = (endpoint: string) => ({ region: "us-east-1", endpoint, ...key })
    const secretAccessKey = "wrong-secret-access-key"
    return {
      ...written,
      url: server.url,
      config: where,
      wrongConfig: (url) => ({ ...where(url), secretAccessKey }),
      credentials: [...Object.values(key), secretAccessKey],
      stop: () => server.stop(),
    }
  },
})
