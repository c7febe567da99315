import { clientOnDemand } from "../on-demand.ts"
import { defineProvider } from "../provider.ts"
import { fields, onePasswordConfig } from "./config.ts"
import { parsePath } from "./path.ts"

/** 1Password, through a Connect server or a service account. */
export const onepassword = defineProvider({
  id: "onepassword",
  name: "1Password",
  logo: "logos/onepassword.svg",
  docsUrl: "https://developer.1password.com/docs/secrets-automation/",
  fields,
  secretParams: [
    {
      name: "path",
      displayName: "Secret reference",
      placeholder: "op://Production/Stripe/Secret Key",
      optional: false,
    },
  ],
  pathTemplate: "{path}",
  config: onePasswordConfig,
  parsePath,
  open: (config, deps) =>
    clientOnDemand(async () => (await import("./client.ts")).openOnePassword(config, deps)),
})
