import { clientOnDemand } from "../on-demand.ts"
import { defineProvider } from "../provider.ts"
import { conjurConfig, fields } from "./config.ts"
import { parsePath } from "./path.ts"

/** CyberArk Conjur: Open Source, Enterprise (Secrets Manager, Self-Hosted) and Cloud (Secrets Manager, SaaS). */
export const conjur = defineProvider({
  id: "cyberark-conjur",
  name: "CyberArk Conjur",
  logo: "logos/cyberark-conjur.svg",
  docsUrl: "https://docs.conjur.org",
  fields,
  secretParams: [
    {
      name: "path",
      displayName: "Variable ID",
      placeholder: "data/app/api_key",
      optional: false,
    },
  ],
  pathTemplate: "{path}",
  config: conjurConfig,
  parsePath,
  open: (config, deps) => clientOnDemand(async () => (await import("./client.ts")).openConjur(config, deps)),
})
