import { type FormEvent, useEffect, useId, useRef, useState } from "react"
import type { Connection, ProviderInfo } from "../../../core/client/index.ts"
import { type AnyConnection, isProblem } from "../data/api.ts"
import { useSession } from "../session/session.tsx"
import { strings } from "../strings.ts"
import { Button } from "../ui/button.tsx"
import { Dialog } from "../ui/dialog.tsx"
import { Field } from "../ui/field.tsx"
import { ProviderLogo } from "../ui/provider-logo.tsx"
import { ConfigFields } from "./config-fields.tsx"
import { ConflictNote } from "./conflict-note.tsx"
import { formOf, newForm, problemsOf, type Rebased, rebase, updateRequest } from "./form.ts"
import type { Form } from "./provider-fields.ts"
import { fieldProblems, type Progress, type Saved, save } from "./save.ts"
import { SaveProgress } from "./save-progress.tsx"
import { ScopeFields } from "./scope-fields.tsx"
import { SettingsFields } from "./settings-fields.tsx"

interface ConnectionFormProps {
  provider: ProviderInfo
  /** The connection that is edited. */
  base: Connection | undefined
  /** What was typed before another provider was looked at. */
  draft?: Form
  known: readonly AnyConnection[]
  onDirty(dirty: boolean): void
  onClose(): void
  onSaved(saved: Saved): void
  onChangeProvider?: (draft: Form) => void
}

/** The form of one connection. Whatever fails, what was typed stays. */
export function ConnectionForm(props: ConnectionFormProps) {
  const { provider, known, onDirty, onClose, onSaved, onChangeProvider } = props
  const { client } = useSession()
  const formId = useId()
  const [base, setBase] = useState(props.base)
  const [form, setForm] = useState<Form>(() =>
    base ? formOf(base) : { ...newForm(provider), ...props.draft },
  )
  const [problems, setProblems] = useState<Record<string, string>>({})
  const [progress, setProgress] = useState<Progress>()
  const [busy, setBusy] = useState(false)
  const [conflict, setConflict] = useState<Rebased>()
  const element = useRef<HTMLFormElement>(null)
  const controller = useRef<AbortController | undefined>(undefined)
  useEffect(() => () => controller.current?.abort(), [])

  function change(next: Form) {
    setForm((before) => ({ ...before, ...next }))
    setProblems((before) => Object.fromEntries(Object.entries(before).filter(([name]) => !(name in next))))
    onDirty(true)
  }

  /** The first field that needs attention gets the focus, once it shows why. */
  function point(found: Record<string, string>) {
    setProblems(found)
    if (Object.keys(found).length > 0)
      requestAnimationFrame(() => element.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus())
  }

  async function submit(event: FormEvent) {
    event.preventDefault()
    if (busy) return
    setConflict(undefined)
    setProgress(undefined)
    const missing = problemsOf(form, provider, base)
    point(missing)
    if (Object.keys(missing).length > 0) return
    setBusy(true)
    const running = new AbortController()
    controller.current = running
    let last: Progress | undefined
    const saved = await save({
      client,
      form,
      provider,
      base,
      signal: running.signal,
      onProgress(next) {
        last = next
        setProgress(next)
      },
    })
    if (running.signal.aborted) return
    if (saved) return onSaved(saved)
    const error = last?.save.error ?? last?.test?.error
    if (base && isProblem(error, "VERSION_CONFLICT")) await meetTheirs(base, running.signal)
    else point(fieldProblems(error))
    setBusy(false)
  }

  async function meetTheirs(before: Connection, signal: AbortSignal) {
    try {
      const latest = await client.getConnection({ id: before.id }, { signal })
      if (!("version" in latest)) return
      const rebased = rebase(form, before, latest)
      setBase(latest)
      setForm(rebased.form)
      setConflict(rebased)
      setProgress(undefined)
    } catch (error) {
      if (!signal.aborted) setProgress({ save: { state: "failed", error } })
    }
  }

  const words = strings.editor
  const tests = base === undefined || updateRequest(form, provider, base).config !== undefined
  const fields = { form, problems, onChange: change }
  return (
    <Dialog
      size="large"
      onClose={onClose}
      title={
        <span className="dialog-title">
          <ProviderLogo provider={provider} />
          {base ? words.editTitle(base.name) : words.createFor(provider.name)}
        </span>
      }
      footer={
        <>
          {onChangeProvider && (
            <Button kind="quiet" icon="left" onClick={() => onChangeProvider(form)}>
              {words.changeProvider}
            </Button>
          )}
          <span className="spring" />
          <Button onClick={onClose}>{strings.common.cancel}</Button>
          <Button kind="primary" type="submit" form={formId} busy={busy}>
            {busy ? words.saving : tests ? words.save : words.saveOnly}
          </Button>
        </>
      }
    >
      <form id={formId} ref={element} onSubmit={submit} noValidate autoComplete="off">
        {conflict && <ConflictNote conflict={conflict} provider={provider} />}
        <Field label={words.name} hint={words.nameHint} error={problems.name}>
          {(control) => (
            <input
              {...control}
              data-autofocus
              maxLength={128}
              placeholder={words.namePlaceholder}
              value={form.name ?? ""}
              onChange={(event) => change({ name: event.target.value })}
            />
          )}
        </Field>
        <ScopeFields {...fields} known={known} />
        <ConfigFields {...fields} provider={provider} base={base} />
        <SettingsFields {...fields} />
        {progress && <SaveProgress progress={progress} problems={problems} provider={provider} />}
      </form>
    </Dialog>
  )
}
