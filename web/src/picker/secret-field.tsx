import { type ReactNode, useState } from "react"
import type { Reference } from "../../../core/client/index.ts"
import { strings } from "../strings.ts"
import { IconButton } from "../ui/button.tsx"
import { type ControlProps, Field } from "../ui/field.tsx"
import { ProviderLogo } from "../ui/provider-logo.tsx"
import { onlyReference, referencesIn } from "./path-template.ts"
import { PickerDialog } from "./picker-dialog.tsx"
import type { SecretSource } from "./secret-source.ts"

export interface SecretFieldProps {
  label: string
  source: SecretSource
  /** A plain text, a reference, or a text with references in it. */
  value: string
  onChange(value: string): void
  hint?: ReactNode
  optional?: boolean
  placeholder?: string
  disabled?: boolean
}

/** A text field with a key beside it: a secret can be picked in the place of a text, and back. */
export function SecretField(props: SecretFieldProps) {
  const { label, source, value, onChange, hint, optional = false, placeholder, disabled = false } = props
  const [picking, setPicking] = useState(false)
  /** What stood there in the other form, to go back to. */
  const [other, setOther] = useState("")
  const parsed = onlyReference(value)
  const { references, malformed } = referencesIn(value)
  const words = strings.picker
  const note = malformed ? `${words.malformed}: ${malformed}` : undefined

  function swap() {
    onChange(other)
    setOther(value)
  }

  const canGoBack = typeof parsed === "string" && typeof onlyReference(other) !== "string"
  return (
    <>
      <Field
        label={label}
        optional={optional}
        error={note}
        hint={typeof parsed === "string" && references > 0 ? words.mixed(references) : hint}
      >
        {(control) => (
          <span className="with-button secret-field">
            {typeof parsed === "string" ? (
              <input
                {...control}
                value={value}
                placeholder={placeholder}
                disabled={disabled}
                autoComplete="off"
                spellCheck={false}
                onChange={(event) => onChange(event.target.value)}
              />
            ) : (
              <ReferenceButton
                control={control}
                reference={parsed}
                source={source}
                disabled={disabled}
                onClick={() => setPicking(true)}
              />
            )}
            {typeof parsed !== "string" && (
              <IconButton icon="text" label={words.toText(label)} disabled={disabled} onClick={swap} />
            )}
            {canGoBack && (
              <IconButton icon="lock" label={words.toSecret(label)} disabled={disabled} onClick={swap} />
            )}
            <IconButton
              icon="key"
              label={words.open(label)}
              disabled={disabled}
              aria-haspopup="dialog"
              onClick={() => setPicking(true)}
            />
          </span>
        )}
      </Field>
      {picking && (
        <PickerDialog
          source={source}
          current={typeof parsed === "string" ? undefined : parsed}
          onClose={() => setPicking(false)}
          onPick={(reference) => {
            if (typeof parsed === "string") setOther(value)
            onChange(reference)
            setPicking(false)
          }}
        />
      )}
    </>
  )
}

interface ReferenceButtonProps {
  control: ControlProps
  reference: Reference
  source: SecretSource
  disabled: boolean
  onClick(): void
}

/** The reference as people read it: whose secret, and where. */
function ReferenceButton({ control, reference, source, disabled, onClick }: ReferenceButtonProps) {
  const words = strings.picker
  const connection = source.connections?.find(({ id }) => id === reference.connectionId)
  const provider = source.providers.find(({ id }) => id === connection?.providerId)
  const isUnknown = source.connections !== undefined && connection === undefined
  const { "aria-invalid": _invalid, ...described } = control
  return (
    <button
      {...described}
      type="button"
      className={`reference ${isUnknown ? "unknown" : ""}`}
      disabled={disabled}
      title={words.change}
      onClick={onClick}
    >
      <ProviderLogo provider={provider} />
      <span className="reference-lines">
        <span className="small">
          {words.secretOf(connection?.name ?? (isUnknown ? words.unknownConnection : reference.connectionId))}
        </span>
        <code>{reference.rawPath}</code>
      </span>
    </button>
  )
}
