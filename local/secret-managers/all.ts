import type { SecretManagerModule } from "../secret-manager.ts"

/** Every secret manager of the sandbox. */
export const secretManagers: readonly SecretManagerModule[] = []
