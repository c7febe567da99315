import { strings } from "../strings.ts"
import { Field } from "../ui/field.tsx"
import type { Form } from "./provider-fields.ts"

interface SettingsFieldsProps {
  form: Form
  problems: Readonly<Record<string, string>>
  onChange(next: Form): void
}

/** How values are kept, and which paths may be reached: closed, since the defaults serve most. */
export function SettingsFields({ form, problems, onChange }: SettingsFieldsProps) {
  const words = strings.editor
  const wrong = Object.keys(problems).some((name) => name.startsWith("settings."))
  const restricts = form["settings.restricts"] === "yes"
  const seconds = (name: string, label: string, hint: string) => (
    <Field label={label} hint={hint} error={problems[name]}>
      {(control) => (
        <input
          {...control}
          inputMode="numeric"
          value={form[name] ?? ""}
          onChange={(event) => onChange({ [name]: event.target.value })}
        />
      )}
    </Field>
  )
  return (
    <details className="settings" open={wrong || undefined}>
      <summary>{words.settings}</summary>
      <div className="fields">
        {seconds("settings.cacheTtlSeconds", words.ttl, words.ttlHint)}
        {seconds("settings.staleIfErrorSeconds", words.stale, words.staleHint)}
      </div>
      <label className="check">
        <input
          type="checkbox"
          checked={restricts}
          onChange={(event) => onChange({ "settings.restricts": event.target.checked ? "yes" : "" })}
        />
        {words.restrictPaths}
      </label>
      {restricts && (
        <Field label={words.paths} hint={words.pathsHint} error={problems["settings.allowedPaths"]}>
          {(control) => (
            <textarea
              {...control}
              rows={3}
              className="code"
              spellCheck={false}
              value={form["settings.allowedPaths"] ?? ""}
              onChange={(event) => onChange({ "settings.allowedPaths": event.target.value })}
            />
          )}
        </Field>
      )}
    </details>
  )
}
