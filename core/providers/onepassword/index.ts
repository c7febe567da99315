import { defineProvider } from "../provider.ts"
import { openOnePassword } from "./client.ts"
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
  open: openOnePassword,
})
