import type { SecretManagerModule } from "../secret-manager.ts"
import { hashicorp } from "./hashicorp.ts"

/** Every secret manager of the sandbox. */
export const secretManagers: readonly SecretManagerModule[] = [hashicorp]
