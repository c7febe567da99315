import * as z from "zod/mini"
import { once } from "../../once.ts"
import type { ConfigField, ProviderFacts, SecretParam } from "../../providers/provider.ts"
import type { ProviderId } from "../../providers/registry.ts"
import { providerIds } from "./connection.ts"

/** A provider as the console sees it: everything its forms and pickers are built from. */
export interface ProviderInfo {
  id: ProviderId
  name: string
  logo: string
  docsUrl: string
  fields: ConfigField[]
  secretParams: SecretParam[]
  pathTemplate: string
  /** What an admin must put into the provider, such as whom to trust. */
  facts?: ProviderFacts
}

export const providerInfo = once(() =>
  z
    .strictObject({
      id: z.enum(providerIds),
      name: z.string(),
      logo: z.string(),
      docsUrl: z.string(),
      fields: z.array(configField()),
      secretParams: z.array(
        z.strictObject({
          name: z.string(),
          displayName: z.string(),
          placeholder: z.string(),
          optional: z.boolean(),
        }),
      ),
      pathTemplate: z
        .string()
        .check(z.describe("`{name}[#{key}]`: a bracket goes where its parameter is empty.")),
      facts: z.exactOptional(z.strictObject({ externalId: z.string(), principalArn: z.string() })),
    })
    .check(z.meta({ id: "Provider" })),
)

const configField = () =>
  z.strictObject({
    name: z.string(),
    displayName: z.string(),
    description: z.string(),
    placeholder: z.string(),
    type: z.enum(["text", "password", "url", "select"]),
    optional: z.boolean(),
    options: z.exactOptional(z.array(z.strictObject({ value: z.string(), label: z.string() }))),
    destination: z
      .exactOptional(z.boolean())
      .check(z.describe("When it changes, all secret fields must come again.")),
  })
