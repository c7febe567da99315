import { useState } from "react"
import type { Connection, ProviderInfo } from "../../../core/client/index.ts"
import { strings } from "../strings.ts"
import { useAnnounce } from "../ui/announcer.tsx"
import { Button, IconButton } from "../ui/button.tsx"
import { type ControlProps, Field } from "../ui/field.tsx"
import { Icon } from "../ui/icon.tsx"
import { WithCode } from "../ui/with-code.tsx"
import { changedDestinations, isKept, secretsToRepeat } from "./form.ts"
import {
  configKey,
  type Form,
  fieldsInPlay,
  isMultiline,
  type ProviderField,
  removalKey,
} from "./provider-fields.ts"

interface ConfigFieldsProps {
  provider: ProviderInfo
  base: Connection | undefined
  form: Form
  problems: Readonly<Record<string, string>>
  onChange(next: Form): void
}

/** The provider's own fields, from its metadata alone. What is stored of a secret never comes here. */
export function ConfigFields({ provider, base, form, problems, onChange }: ConfigFieldsProps) {
  const words = strings.editor
  const fields = fieldsInPlay(provider, form)
  const moved = base ? changedDestinations(form, provider, base).join(", ") : ""
  const repeated = base ? secretsToRepeat(form, provider, base) : []

  return (
    <fieldset>
      <legend>{words.login}</legend>
      {/^https:\/\//.test(provider.docsUrl) && (
        <p className="legend-link small">
          <a href={provider.docsUrl} target="_blank" rel="noreferrer">
            {words.docs(provider.name)}
            <span className="visually-hidden"> {strings.common.opensNewTab}</span>
          </a>
        </p>
      )}
      {provider.facts && <Facts facts={provider.facts} />}
      {repeated.length > 0 && (
        <p className="note warn" role="status">
          <Icon name="alert" />
          {words.secretsAgain(moved)}
        </p>
      )}
      <div className="fields">
        {fields.map((field) => {
          const key = configKey(field.name)
          const stored = field.type === "password" && typeof base?.config?.[field.name] === "object"
          const hint =
            stored && isKept(field.name, form, base) ? (
              <>
                {!problems[key] && <strong>{moved ? words.again(moved) : words.stored}</strong>}{" "}
                <WithCode text={field.description} />
              </>
            ) : (
              <WithCode text={field.description} />
            )
          return (
            <div key={field.name} className={isMultiline(field) ? "wide-field" : undefined}>
              <Field
                label={field.displayName}
                optional={field.optional && field.type !== "select"}
                hint={hint}
                error={problems[key]}
              >
                {(control) => (
                  <Input
                    control={control}
                    field={field}
                    value={form[key] ?? ""}
                    onChange={(value) => onChange({ [key]: value })}
                  />
                )}
              </Field>
              {stored && field.optional && (
                <Removal
                  removed={form[removalKey(field.name)] === "yes"}
                  field={field}
                  onChange={(removed) =>
                    onChange({ [removalKey(field.name)]: removed ? "yes" : "", [key]: "" })
                  }
                />
              )}
            </div>
          )
        })}
      </div>
    </fieldset>
  )
}

interface InputProps {
  control: ControlProps
  field: ProviderField
  value: string
  onChange(value: string): void
}

function Input({ control, field, value, onChange }: InputProps) {
  const [visible, setVisible] = useState(false)
  const { type, placeholder, optional, options = [], displayName } = field
  const required = { "aria-required": !optional || undefined }
  if (type === "select")
    return (
      <select {...control} {...required} value={value} onChange={(event) => onChange(event.target.value)}>
        {!options.some((option) => option.value === value) && <option value="">{strings.editor.none}</option>}
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    )
  const text = { ...control, ...required, value, placeholder, spellCheck: false, autoCapitalize: "none" }
  if (isMultiline(field))
    return <textarea {...text} rows={4} className="code" onChange={(event) => onChange(event.target.value)} />
  if (type === "password")
    return (
      <span className="with-button">
        <input
          {...text}
          type={visible ? "text" : "password"}
          autoComplete="new-password"
          onChange={(event) => onChange(event.target.value)}
        />
        <IconButton
          icon="eye"
          label={(visible ? strings.editor.hideSecret : strings.editor.showSecret)(displayName)}
          aria-pressed={visible}
          onClick={() => setVisible(!visible)}
        />
      </span>
    )
  return (
    <input
      {...text}
      type="text"
      inputMode={type === "url" ? "url" : "text"}
      autoComplete="off"
      onChange={(event) => onChange(event.target.value)}
    />
  )
}

interface RemovalProps {
  removed: boolean
  field: ProviderField
  onChange(removed: boolean): void
}

function Removal({ removed, field, onChange }: RemovalProps) {
  const words = strings.editor
  return (
    <label className="check small">
      <input type="checkbox" checked={removed} onChange={(event) => onChange(event.target.checked)} />
      {words.removeStored(field.displayName)}
    </label>
  )
}

function Facts({ facts }: { facts: NonNullable<ProviderInfo["facts"]> }) {
  const words = strings.editor
  const announce = useAnnounce()
  const entries = [
    [words.externalId, facts.externalId],
    [words.principalArn, facts.principalArn],
  ] as const
  return (
    <div className="note">
      <Icon name="key" />
      <div>
        <p className="note-title">{words.facts}</p>
        <p className="small">{words.factsHint}</p>
        <dl className="facts">
          {entries.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <code>{value}</code>
                <Button
                  kind="quiet"
                  icon="copy"
                  onClick={() =>
                    navigator.clipboard.writeText(value).then(() => announce(strings.common.copied))
                  }
                >
                  {strings.common.copy(name)}
                </Button>
              </dd>
            </div>
          ))}
        </dl>
      </div>
    </div>
  )
}
