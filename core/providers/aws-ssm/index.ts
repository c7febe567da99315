import * as z from "zod/mini"
import { awsConfig, awsFields } from "../aws/config.ts"
import { factsOf } from "../aws/facts.ts"
import { clientOnDemand } from "../on-demand.ts"
import { defineProvider } from "../provider.ts"
import { isParameter, parsePath } from "./path.ts"

/** AWS Systems Manager Parameter Store. */
export const awsSsm = defineProvider({
  id: "aws-ssm",
  name: "AWS Parameter Store",
  logo: "logos/aws-ssm.svg",
  docsUrl:
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-parameter-store.html",
  fields: [
    ...awsFields,
    {
      name: "probeParameter",
      displayName: "Probe parameter",
      description: "A parameter's name or ARN that testing the connection shall read.",
      placeholder: "/latchkey/probe",
      type: "text",
      optional: true,
    },
  ],
  secretParams: [
    { name: "name", displayName: "Parameter name or ARN", placeholder: "/prod/db/password", optional: false },
    { name: "version", displayName: "Version or label", placeholder: "3", optional: true },
  ],
  pathTemplate: "{name}[:{version}]",
  config: () =>
    awsConfig({
      probeParameter: z.exactOptional(
        z.string().check(z.refine(isParameter, "Must be a parameter's name or ARN.")),
      ),
    }),
  parsePath,
  facts: factsOf,
  open: (config, deps) =>
    clientOnDemand(async () => (await import("./client.ts")).openParameterStore(config, deps)),
})
