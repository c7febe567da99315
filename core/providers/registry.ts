import type { Provider } from "./provider.ts"

/** Every secret manager that can be connected. */
export const providers: readonly Provider[] = []
