import { aws } from "./aws/index.ts"
import { awsSsm } from "./aws-ssm/index.ts"
import { conjur } from "./conjur/index.ts"
import { hashicorp } from "./hashicorp/index.ts"
import { onepassword } from "./onepassword/index.ts"
import type { Provider } from "./provider.ts"

const registered = [hashicorp, aws, conjur, onepassword, awsSsm] as const

export type ProviderId = (typeof registered)[number]["id"]

export type RegisteredProvider = Provider & { id: ProviderId }

/** Every secret manager that can be connected. Another one is a line here. */
export const providers: readonly RegisteredProvider[] = registered

/** The provider of that id; undefined where there is none. */
export function providerById(id: string): RegisteredProvider | undefined {
  return providers.find((provider) => provider.id === id)
}
