import * as z from "zod/mini"
import { clientOnDemand } from "../on-demand.ts"
import { defineProvider } from "../provider.ts"
import { awsConfig, awsFields } from "./config.ts"
import { factsOf } from "./facts.ts"
import { isSecretId, parsePath } from "./path.ts"

/** AWS Secrets Manager. */
export const aws = defineProvider({
  id: "aws",
  name: "AWS Secrets Manager",
  logo: "logos/aws.svg",
  docsUrl: "https://docs.aws.amazon.com/secretsmanager/latest/userguide/",
  fields: [
    ...awsFields,
    {
      name: "probeSecret",
      displayName: "Probe secret",
      description: "A secret's name or ARN that testing the connection shall describe.",
      placeholder: "latchkey/probe",
      type: "text",
      optional: true,
    },
  ],
  secretParams: [
    { name: "name", displayName: "Secret name or ARN", placeholder: "prod/db", optional: false },
    { name: "key", displayName: "Key in its JSON", placeholder: "password", optional: true },
  ],
  pathTemplate: "{name}[#{key}]",
  config: () =>
    awsConfig({
      probeSecret: z.exactOptional(z.string().check(z.refine(isSecretId, "Must be a secret's name or ARN."))),
    }),
  parsePath,
  facts: factsOf,
  open: (config, deps) =>
    clientOnDemand(async () => (await import("./client.ts")).openSecretsManager(config, deps)),
})
