import { type ReactNode, useId } from "react"
import { strings } from "../strings.ts"

interface FieldProps {
  label: ReactNode
  optional?: boolean
  hint?: ReactNode
  error?: string | undefined
  /** Renders the control, with what ties it to its label, hint and error. */
  children(control: ControlProps): ReactNode
}

export interface ControlProps {
  id: string
  "aria-describedby": string | undefined
  "aria-invalid": true | undefined
}

/** A label, a control, and below it what helps: first what is wrong. */
export function Field({ label, optional = false, hint, error, children }: FieldProps) {
  const id = useId()
  const described = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(" ")
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {optional && <span className="muted"> ({strings.common.optional})</span>}
      </label>
      {children({
        id,
        "aria-describedby": described || undefined,
        "aria-invalid": error === undefined ? undefined : true,
      })}
      {error && (
        <p className="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
      {hint && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  )
}
