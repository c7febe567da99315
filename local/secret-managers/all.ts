import type { SecretManagerModule } from "../secret-manager.ts"
import { aws } from "./aws.ts"
import { awsSsm } from "./aws-ssm.ts"
import { cyberarkConjur } from "./cyberark-conjur.ts"
import { hashicorp } from "./hashicorp.ts"
import { onepassword } from "./onepassword.ts"

/** Every secret manager of the sandbox. */
export const secretManagers: readonly SecretManagerModule[] = [
  hashicorp,
  aws,
  cyberarkConjur,
  onepassword,
  awsSsm,
]
