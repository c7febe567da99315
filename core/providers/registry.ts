import { aws } from "./aws/index.ts"
import { conjur } from "./conjur/index.ts"
import { hashicorp } from "./hashicorp/index.ts"
import { onepassword } from "./onepassword/index.ts"
import type { Provider } from "./provider.ts"

/** Every secret manager that can be connected. Another one is a line here. */
export const providers: readonly Provider[] = [hashicorp, aws, conjur, onepassword]

/** The provider of that id; undefined where there is none. */
export function providerById(id: string): Provider | undefined {
  return providers.find((provider) => provider.id === id)
}
