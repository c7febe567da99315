import { parsePolicy, type Rule, union } from "./policies.ts"
import type { Token, VaultState } from "./state.ts"

/** What the token's policies say, as patterns from the root namespace on. A policy that is gone grants nothing. */
export function rulesOf(state: VaultState, token: Token): Rule[] {
  const namespace = state.namespaces.get(token.namespace)
  const rules = token.policies.flatMap((name) => parsePolicy(namespace?.policies.get(name) ?? ""))
  return union(
    rules.map(({ pattern, capabilities }) => ({ pattern: token.namespace + pattern, capabilities })),
  )
}

/** Whether a token may do anything in this namespace: the root policy holds in its own namespace and all below. */
export const isRootIn = (token: Token, namespacePath: string): boolean =>
  token.policies.includes("root") && namespacePath.startsWith(token.namespace)
