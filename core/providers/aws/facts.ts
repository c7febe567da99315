import type { ProviderDeps, ProviderFacts } from "../provider.ts"
import { externalIdOf } from "./deployment.ts"

/** What an admin has to put into the role's trust policy. Undefined where roles cannot be assumed. */
export async function factsOf(
  platformId: string,
  { aws }: Pick<ProviderDeps, "aws">,
): Promise<ProviderFacts | undefined> {
  const principal = aws?.principal
  if (!principal) return undefined
  return { externalId: await externalIdOf(principal.deploymentId, platformId), principalArn: principal.arn }
}
