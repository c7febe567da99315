import { tryInput } from "../contract/parse.ts"
import { LatchkeyError } from "../errors.ts"
import { isObject, type Json, own } from "../json.ts"
import { destinationFieldNames, secretFieldNames } from "../providers/config-fields.ts"
import type { Provider } from "../providers/provider.ts"
import { Secret } from "../secret.ts"

/** A configuration as it is stored and sent: texts by field name. */
export type PlainConfig = { [field: string]: Json }

/** What a provider's schema made of a configuration, as plain text again, to be encrypted. */
export function toPlain(config: unknown): PlainConfig {
  const fields = Object.entries(config as Record<string, unknown>).filter(([, value]) => value !== undefined)
  return Object.fromEntries(
    fields.map(([name, value]) => [name, value instanceof Secret ? value.reveal() : (value as Json)]),
  )
}

/** What admins may see of a configuration: secret fields as `{ set: true }`. */
export function toView(provider: Provider, config: PlainConfig): PlainConfig {
  const secret = new Set(secretFieldNames(provider))
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [name, secret.has(name) ? { set: true } : value]),
  )
}

/** The host that a configuration leads to, for the audit; undefined where it names none. */
export function hostOf(config: PlainConfig): string | undefined {
  const url = own(config, "url") ?? own(config, "endpoint")
  return typeof url === "string" && URL.canParse(url) ? new URL(url).host : undefined
}

/**
 * The stored configuration with `patch` applied: what is left out is kept, `null` removes. Fields of another
 * authentication method than the patched one fall away.
 * @throws LatchkeyError `VALIDATION` where a destination changes without all secret fields coming again, so that nobody
 *   can have stored credentials sent elsewhere; or where the result does not fit the provider's schema
 */
export function mergeConfig(
  provider: Provider,
  stored: PlainConfig,
  patch: PlainConfig,
): { plain: PlainConfig; parsed: unknown } {
  const kept = Object.fromEntries(Object.entries(stored).filter(([name]) => !Object.hasOwn(patch, name)))
  const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== null))
  const parsed = parseMerged(provider, kept, given)
  const plain = toPlain(parsed)
  refuseMovedSecrets(provider, stored, plain, given)
  return { plain, parsed }
}

/**
 * What is given, over what is kept; else without what the provider no longer knows beside it, as after a change of the
 * authentication method; else alone, where it is a whole configuration of another kind.
 */
function parseMerged(provider: Provider, kept: PlainConfig, given: PlainConfig): unknown {
  const parse = (config: PlainConfig) => tryInput(provider.config(), config, ["config"])
  const merged = parse({ ...kept, ...given })
  if ("data" in merged) return merged.data
  const fitting = merged.unknown.map((names) => parse({ ...without(kept, names), ...given }))
  for (const attempt of [...fitting, parse(given)]) if ("data" in attempt) return attempt.data
  const [misfit = merged] = fitting
  throw new LatchkeyError(
    "VALIDATION",
    "The configuration does not fit the provider; `issues` names the fields.",
    { issues: "issues" in misfit ? misfit.issues : [] },
  )
}

function without(config: PlainConfig, names: readonly PropertyKey[]): PlainConfig {
  return Object.fromEntries(Object.entries(config).filter(([name]) => !names.includes(name)))
}

function refuseMovedSecrets(
  provider: Provider,
  stored: PlainConfig,
  merged: PlainConfig,
  given: PlainConfig,
): void {
  const moved = destinationFieldNames(provider).filter((name) => own(stored, name) !== own(merged, name))
  if (moved.length === 0) return
  const missing = secretFieldNames(provider).filter(
    (name) => Object.hasOwn(merged, name) && !Object.hasOwn(given, name),
  )
  if (missing.length === 0) return
  throw new LatchkeyError(
    "VALIDATION",
    `This changes where the credentials are sent (${moved.join(", ")}), so all secret fields must come again.`,
    {
      issues: missing.map((name) => ({
        pointer: `/config/${name}`,
        message: "is required, since the destination changes",
      })),
    },
  )
}

/** What was stored or sealed as a configuration. */
export function asPlainConfig(value: Json | undefined): PlainConfig | undefined {
  return isObject(value) ? value : undefined
}
