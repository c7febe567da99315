import type { SecretManagerModule } from "../secret-manager.ts"
import { aws } from "./aws.ts"
import { cyberarkConjur } from "./cyberark-conjur.ts"
import { hashicorp } from "./hashicorp.ts"

/** Every secret manager of the sandbox. */
export const secretManagers: readonly SecretManagerModule[] = [hashicorp, aws, cyberarkConjur]
