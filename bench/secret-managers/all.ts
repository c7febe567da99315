import { aws } from "./aws.ts"
import { awsSsm } from "./aws-ssm.ts"
import { conjur } from "./conjur.ts"
import { hashicorp } from "./hashicorp.ts"
import { onepassword } from "./onepassword.ts"
import type { SecretManager } from "./secret-manager.ts"

/** Every one whose calls the bench counts. */
export const secretManagers: readonly SecretManager[] = [hashicorp, aws, awsSsm, conjur, onepassword]
