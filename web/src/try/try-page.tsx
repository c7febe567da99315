import { useState } from "react"
import { printReference } from "../../../core/client/index.ts"
import { ProjectChoice } from "../connections/project-choice.tsx"
import { SecretField, type SecretSource, useSecretSource } from "../picker/index.ts"
import { useSession } from "../session/session.tsx"
import { strings } from "../strings.ts"
import { Button } from "../ui/button.tsx"
import { Field } from "../ui/field.tsx"
import { PageHead } from "../ui/page-head.tsx"
import { ProblemNote } from "../ui/problem-note.tsx"
import { ExampleDialog, type ExampleFields } from "./example-dialog.tsx"

/** The secret picker at work in a platform's own dialog, and in each of its states. */
export function TryPage() {
  const { viewer, client } = useSession()
  const isMember = !viewer.isAdmin && !viewer.isService
  const [projectId, setProjectId] = useState(isMember ? viewer.projectIds?.[0] : undefined)
  const source = useSecretSource({ client, projectId })
  const [open, setOpen] = useState(false)
  const [stored, setStored] = useState<ExampleFields>()
  const words = strings.tryOut

  return (
    <>
      <PageHead title={words.title} lead={words.lead}>
        <Button kind="primary" onClick={() => setOpen(true)}>
          {words.openDialog}
        </Button>
      </PageHead>
      {source.error !== undefined && <ProblemNote error={source.error} onRetry={source.reload} />}
      <div className="columns">
        <section className="card">
          {viewer.projectIds && viewer.projectIds.length > 0 && !viewer.isAdmin ? (
            <ProjectChoice
              projectIds={viewer.projectIds}
              value={projectId}
              onChange={setProjectId}
              mayBeNone={!isMember}
            />
          ) : (
            <ProjectInput value={projectId} onChange={setProjectId} />
          )}
          <h2>{words.stored}</h2>
          <p className="muted small">{words.storedHint}</p>
          {stored ? (
            <pre className="code-block">{JSON.stringify(stored, null, 2)}</pre>
          ) : (
            <p className="muted">{words.nothingStored}</p>
          )}
        </section>
        <States source={source} />
      </div>
      {open && (
        <ExampleDialog
          source={source}
          first={stored}
          onClose={() => setOpen(false)}
          onSave={(fields) => {
            setStored(fields)
            setOpen(false)
          }}
        />
      )}
    </>
  )
}

interface ProjectInputProps {
  value: string | undefined
  onChange(projectId: string | undefined): void
}

/** Taken over when the field is left, so that not every letter is asked for. */
function ProjectInput({ value, onChange }: ProjectInputProps) {
  const [typed, setTyped] = useState(value ?? "")
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        onChange(typed.trim() || undefined)
      }}
    >
      <Field label={strings.tryOut.project} optional hint={strings.tryOut.projectHint}>
        {(control) => (
          <input
            {...control}
            value={typed}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => setTyped(event.target.value)}
            onBlur={() => onChange(typed.trim() || undefined)}
          />
        )}
      </Field>
    </form>
  )
}

function States({ source }: { source: SecretSource }) {
  const words = strings.tryOut
  const connection = source.connections?.[0]
  const provider = source.providers.find((one) => one.id === connection?.providerId)
  const id = connection?.id ?? "sandboxHashicorp00000"
  const reference = printReference({
    connectionId: id,
    path: provider?.secretParams[0]?.placeholder ?? "secret/data/app/api_key",
  })
  const states = [
    [words.stateEmpty, ""],
    [words.stateText, "plain text"],
    [words.stateReference, reference],
    [words.stateMixed, `Bearer ${reference}`],
    [words.stateUnknown, "{{secret://smc_V1StGXR8_Z5jdHi6B-myT/prod/db}}"],
    [words.stateMalformed, "{{secret://nowhere"],
  ] as const
  return (
    <section className="card">
      <h2>{words.states}</h2>
      <p className="muted small">{words.statesLead}</p>
      <div className="states">
        {states.map(([label, value]) => (
          <State key={label} label={label} value={value} source={source} />
        ))}
        <State label={words.stateDisabled} value={reference} source={source} disabled />
      </div>
    </section>
  )
}

interface StateProps {
  label: string
  value: string
  source: SecretSource
  disabled?: boolean
}

function State({ label, value: first, source, disabled = false }: StateProps) {
  // What it begins with may come late: only what somebody has done since stays.
  const [changed, setChanged] = useState<string>()
  return (
    <SecretField
      label={label}
      source={source}
      value={changed ?? first}
      onChange={setChanged}
      disabled={disabled}
    />
  )
}
