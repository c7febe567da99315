import type { Connection, InputOf, ProviderInfo } from "../../../core/client/index.ts"
import { strings } from "../strings.ts"
import { configKey, type Form, fieldsInPlay, removalKey } from "./provider-fields.ts"

type NewConnection = InputOf<"createConnection">
type Update = Omit<InputOf<"updateConnection">, "id">

/** The form for a connection that is still to be made. */
export function newForm(provider: ProviderInfo): Form {
  const choices = provider.fields.filter(
    ({ type, optional, options, placeholder }) =>
      type === "select" && optional && options?.some(({ value }) => value === placeholder),
  )
  return {
    name: "",
    scope: "PLATFORM",
    projectIds: "",
    "settings.cacheTtlSeconds": "3600",
    "settings.staleIfErrorSeconds": "0",
    "settings.restricts": "",
    "settings.allowedPaths": "",
    ...Object.fromEntries(choices.map(({ name, placeholder }) => [configKey(name), placeholder])),
  }
}

/** What a form says whatever the provider: another provider's form goes on with it. */
export function sharedPart(form: Form): Form {
  return Object.fromEntries(Object.entries(form).filter(([name]) => !/^(?:config|remove)\./.test(name)))
}

/** The form for a connection as it is stored; secret fields are empty, which keeps them. */
export function formOf({ name, scope, projectIds = [], settings, config = {} }: Connection): Form {
  const shown = Object.entries(config).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  )
  return {
    name,
    scope,
    projectIds: printLines(projectIds),
    "settings.cacheTtlSeconds": String(settings.cacheTtlSeconds),
    "settings.staleIfErrorSeconds": String(settings.staleIfErrorSeconds),
    "settings.restricts": settings.allowedPaths ? "yes" : "",
    "settings.allowedPaths": printLines(settings.allowedPaths ?? []),
    ...Object.fromEntries(shown.map(([field, value]) => [configKey(field), value])),
  }
}

/** One id, or one path, a line. */
export const readLines = (text: string): string[] => [
  ...new Set(
    text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== ""),
  ),
]

export const printLines = (lines: readonly string[]): string => lines.join("\n")

/** What must be mended before anything is sent, by the form's names. `base`: the connection that is edited. */
export function problemsOf(form: Form, provider: ProviderInfo, base?: Connection): Record<string, string> {
  const required = fieldsInPlay(provider, form)
    .filter(({ name, optional }) => !optional && !isKept(name, form, base) && !form[configKey(name)])
    .map(({ name }) => configKey(name))
  if (!form.name?.trim()) required.unshift("name")
  if (form.scope === "PROJECT" && readLines(form.projectIds ?? "").length === 0) required.push("projectIds")
  for (const name of ["settings.cacheTtlSeconds", "settings.staleIfErrorSeconds"])
    if (!/^\d+$/.test(form[name] ?? "")) required.push(name)
  const again = base ? secretsToRepeat(form, provider, base) : []
  const moved = again.length > 0 && base ? changedDestinations(form, provider, base).join(", ") : ""
  return Object.fromEntries([
    ...required.map((name) => [name, strings.editor.required]),
    ...again.map((name) => [configKey(name), strings.editor.again(moved)]),
  ])
}

export function createRequest(form: Form, provider: ProviderInfo): NewConnection {
  const scope = form.scope === "PROJECT" ? "PROJECT" : "PLATFORM"
  const { restricts, ...settings } = settingsOf(form)
  return {
    providerId: provider.id,
    name: (form.name ?? "").trim(),
    scope,
    ...(scope === "PROJECT" && { projectIds: readLines(form.projectIds ?? "") }),
    config: configOf(form, provider),
    settings: {
      ...settings,
      ...(restricts && { allowedPaths: readLines(form["settings.allowedPaths"] ?? "") }),
    },
  }
}

/** Only what differs from the connection as it is stored. Without `config` it is not tested, and works while the server is down. */
export function updateRequest(form: Form, provider: ProviderInfo, base: Connection): Update {
  const before = formOf(base)
  const differs = (name: string) => (form[name] ?? "") !== (before[name] ?? "")
  const config = configChange(form, provider, base)
  const { restricts, ...settings } = settingsOf(form)
  const changed = {
    ...(differs("settings.cacheTtlSeconds") && { cacheTtlSeconds: settings.cacheTtlSeconds }),
    ...(differs("settings.staleIfErrorSeconds") && { staleIfErrorSeconds: settings.staleIfErrorSeconds }),
    ...((differs("settings.restricts") || (restricts && differs("settings.allowedPaths"))) && {
      allowedPaths: restricts ? readLines(form["settings.allowedPaths"] ?? "") : null,
    }),
  }
  const scope = form.scope === "PROJECT" ? "PROJECT" : "PLATFORM"
  return {
    ...(differs("name") && { name: (form.name ?? "").trim() }),
    ...(differs("scope") && { scope }),
    ...(scope === "PROJECT" &&
      (differs("scope") || differs("projectIds")) && { projectIds: readLines(form.projectIds ?? "") }),
    ...(Object.keys(config).length > 0 && { config }),
    ...(Object.keys(changed).length > 0 && { settings: changed }),
  }
}

/** Display names of the destinations that the form changes: where one does, secrets must come again. */
export function changedDestinations(form: Form, provider: ProviderInfo, base: Connection): string[] {
  const change = configChange(form, provider, base)
  return provider.fields
    .filter(({ name, destination }) => destination && Object.hasOwn(change, name))
    .map(({ displayName }) => displayName)
}

/** Fields of secrets that are stored and would be kept, while a destination changes: nobody sends them elsewhere that way. */
export function secretsToRepeat(form: Form, provider: ProviderInfo, base: Connection): string[] {
  if (changedDestinations(form, provider, base).length === 0) return []
  return fieldsInPlay(provider, form)
    .filter(({ name, type }) => type === "password" && isKept(name, form, base))
    .map(({ name }) => name)
}

/** The whole configuration, where the form has all of it: then it can be tested before it is saved. */
export function completeConfig(
  form: Form,
  provider: ProviderInfo,
  base: Connection,
): Record<string, string> | undefined {
  const kept = fieldsInPlay(provider, form).some(
    ({ name, type }) => type === "password" && !form[configKey(name)] && isKept(name, form, base),
  )
  return kept ? undefined : configOf(form, provider)
}

/** Whether a secret of this field is stored, and neither replaced nor removed. */
export function isKept(name: string, form: Form, base: Connection | undefined): boolean {
  return typeof base?.config?.[name] === "object" && !form[configKey(name)] && !form[removalKey(name)]
}

export interface Rebased {
  form: Form
  /** What only the others changed, and what both did, by the form's names. */
  theirs: string[]
  both: string[]
}

/** What was typed over the connection as it was, over the connection as others have saved it meanwhile. */
export function rebase(form: Form, base: Connection, latest: Connection): Rebased {
  const [before, now] = [formOf(base), formOf(latest)]
  const names = [...new Set([...Object.keys(before), ...Object.keys(now), ...Object.keys(form)])]
  const differs = (one: Form, other: Form) =>
    names.filter((name) => (one[name] ?? "") !== (other[name] ?? ""))
  const mine = differs(form, before)
  const changed = differs(now, before)
  return {
    form: { ...now, ...Object.fromEntries(mine.map((name) => [name, form[name] ?? ""])) },
    theirs: changed.filter((name) => !mine.includes(name)),
    both: changed.filter((name) => mine.includes(name) && form[name] !== now[name]),
  }
}

function configOf(form: Form, provider: ProviderInfo): Record<string, string> {
  const given = fieldsInPlay(provider, form).flatMap(({ name }) => {
    const value = form[configKey(name)] ?? ""
    return value === "" ? [] : [[name, value] as const]
  })
  return Object.fromEntries(given)
}

/** `null` for what falls away: what was emptied or removed, and what another choice leaves out of play. */
function configChange(form: Form, provider: ProviderInfo, base: Connection): Record<string, string | null> {
  const given = configOf(form, provider)
  const inPlay = new Set(fieldsInPlay(provider, form).map(({ name }) => name))
  const changes = provider.fields.flatMap(({ name, type }): (readonly [string, string | null])[] => {
    const stored = base.config?.[name]
    const value = given[name]
    if (value !== undefined) return value === stored ? [] : [[name, value] as const]
    if (stored === undefined) return []
    const keeps = type === "password" && inPlay.has(name) && isKept(name, form, base)
    return keeps ? [] : [[name, null] as const]
  })
  return Object.fromEntries(changes)
}

function settingsOf(form: Form) {
  return {
    cacheTtlSeconds: Number(form["settings.cacheTtlSeconds"]),
    staleIfErrorSeconds: Number(form["settings.staleIfErrorSeconds"]),
    restricts: form["settings.restricts"] === "yes",
  }
}
