import { clientOnDemand } from "../on-demand.ts"
import { defineProvider } from "../provider.ts"
import { vaultConfig } from "./config.ts"
import { fields } from "./fields.ts"
import { parsePath } from "./path.ts"

/** HashiCorp Vault and OpenBao: KV secrets engines of both versions. */
export const hashicorp = defineProvider({
  id: "hashicorp",
  name: "HashiCorp Vault",
  logo: "logos/hashicorp.svg",
  docsUrl: "https://developer.hashicorp.com/vault/docs",
  fields,
  secretParams: [
    {
      name: "path",
      displayName: "Secret path",
      placeholder: "secret/data/app/api_key",
      optional: false,
    },
  ],
  pathTemplate: "{path}",
  config: vaultConfig,
  parsePath,
  open: (config, deps) => clientOnDemand(async () => (await import("./client.ts")).openVault(config, deps)),
})
