import type { ProviderInfo } from "../contract/shapes/provider.ts"
import { providers } from "./registry.ts"

/** What the console builds its forms and pickers from. */
export function providerViews(): ProviderInfo[] {
  return [...providers.values()].map(({ id, name, logo, docsUrl, fields, secretParams, pathTemplate }) => ({
    id,
    name,
    logo,
    docsUrl,
    fields: [...fields],
    secretParams: [...secretParams],
    pathTemplate,
  }))
}
