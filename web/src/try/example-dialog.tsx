import { useId, useState } from "react"
import { SecretField, type SecretSource } from "../picker/index.ts"
import { strings } from "../strings.ts"
import { Button } from "../ui/button.tsx"
import { Dialog } from "../ui/dialog.tsx"
import { Field } from "../ui/field.tsx"

export interface ExampleFields {
  account: string
  apiKey: string
  webhook: string
}

interface ExampleDialogProps {
  source: SecretSource
  first: ExampleFields | undefined
  onClose(): void
  onSave(fields: ExampleFields): void
}

/** A dialog as a platform has it for connecting an app. */
export function ExampleDialog({ source, first, onClose, onSave }: ExampleDialogProps) {
  const [fields, setFields] = useState<ExampleFields>(first ?? { account: "", apiKey: "", webhook: "" })
  const formId = useId()
  const words = strings.tryOut
  const change = (next: Partial<ExampleFields>) => setFields((before) => ({ ...before, ...next }))

  return (
    <Dialog
      title={words.dialogTitle}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{strings.common.cancel}</Button>
          <Button kind="primary" type="submit" form={formId}>
            {words.save}
          </Button>
        </>
      }
    >
      <p className="muted">{words.dialogLead}</p>
      <form
        id={formId}
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          onSave(fields)
        }}
      >
        <Field label={words.account}>
          {(control) => (
            <input
              {...control}
              data-autofocus
              value={fields.account}
              placeholder={words.accountPlaceholder}
              onChange={(event) => change({ account: event.target.value })}
            />
          )}
        </Field>
        <SecretField
          label={words.apiKey}
          source={source}
          placeholder="sk_live_…"
          value={fields.apiKey}
          onChange={(apiKey) => change({ apiKey })}
        />
        <SecretField
          label={words.webhook}
          source={source}
          optional
          placeholder="https://example.com/hook"
          value={fields.webhook}
          onChange={(webhook) => change({ webhook })}
        />
      </form>
    </Dialog>
  )
}
