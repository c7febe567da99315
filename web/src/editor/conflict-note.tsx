import type { ProviderInfo } from "../../../core/client/index.ts"
import { strings } from "../strings.ts"
import { Icon } from "../ui/icon.tsx"
import type { Rebased } from "./form.ts"

/** Says what others have saved meanwhile, before it is saved over. */
export function ConflictNote({ conflict, provider }: { conflict: Rebased; provider: ProviderInfo }) {
  const words = strings.editor
  const named = (names: readonly string[]) => names.map((name) => fieldLabel(name, provider)).join(", ")
  return (
    <div className="note warn" role="alert">
      <Icon name="alert" />
      <div>
        <p className="note-title">{words.conflictTitle}</p>
        <p>{words.conflict}</p>
        {conflict.theirs.length > 0 && <p>{words.conflictTheirs(named(conflict.theirs))}</p>}
        {conflict.both.length > 0 && <p>{words.conflictBoth(named(conflict.both))}</p>}
      </div>
    </div>
  )
}

/** What the form calls a field, by its name there. */
export function fieldLabel(name: string, { fields }: Pick<ProviderInfo, "fields">): string {
  const words: Record<string, string> = {
    name: strings.editor.name,
    scope: strings.editor.scope,
    projectIds: strings.editor.projects,
    "settings.cacheTtlSeconds": strings.editor.ttl,
    "settings.staleIfErrorSeconds": strings.editor.stale,
    "settings.restricts": strings.editor.restrictPaths,
    "settings.allowedPaths": strings.editor.paths,
  }
  const field = fields.find((one) => name === `config.${one.name}`)
  return field?.displayName ?? words[name] ?? name
}
