import type { ProviderId } from "../../core/providers/registry.ts"
import { aws } from "./aws.ts"
import { awsSsm } from "./aws-ssm.ts"
import { conjur } from "./conjur.ts"
import { hashicorp } from "./hashicorp.ts"
import { onepassword } from "./onepassword.ts"
import type { SecretManager } from "./secret-manager.ts"

/** One for every provider: the compiler sees to it that none is left out. */
const byProvider: Record<ProviderId, SecretManager> = {
  hashicorp,
  aws,
  "aws-ssm": awsSsm,
  "cyberark-conjur": conjur,
  onepassword,
}

export const secretManagers: readonly SecretManager[] = Object.values(byProvider)
