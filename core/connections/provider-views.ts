import type { ProviderInfo } from "../contract/shapes/provider.ts"
import type { ProviderDeps } from "../providers/provider.ts"
import { providers } from "../providers/registry.ts"

/** What the console builds its forms and pickers from, with what this platform has to put into the secret managers. */
export function providerViews(
  platformId: string,
  deployment: Pick<ProviderDeps, "aws">,
): Promise<ProviderInfo[]> {
  return Promise.all(
    providers.map(async (provider) => {
      const { id, name, logo, docsUrl, fields, secretParams, pathTemplate } = provider
      const facts = await provider.facts?.(platformId, deployment)
      return {
        id,
        name,
        logo,
        docsUrl,
        fields: [...fields],
        secretParams: [...secretParams],
        pathTemplate,
        ...(facts && { facts }),
      }
    }),
  )
}
