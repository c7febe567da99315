import { useState } from "react"
import type { Reference, Validation } from "../../../core/client/index.ts"
import { type AnyConnection, isFull } from "../data/api.ts"
import { textOfProblem } from "../data/problem-text.ts"
import { useCall } from "../data/use-call.ts"
import { strings } from "../strings.ts"
import { Button } from "../ui/button.tsx"
import { Dialog } from "../ui/dialog.tsx"
import { Field } from "../ui/field.tsx"
import { Icon } from "../ui/icon.tsx"
import { ProblemBody, ProblemNote } from "../ui/problem-note.tsx"
import { Segments } from "../ui/segments.tsx"
import { BrowsePanel } from "./browse-panel.tsx"
import type { SecretSource } from "./secret-source.ts"
import { TypePanel } from "./type-panel.tsx"

interface PickerDialogProps {
  source: SecretSource
  current: Reference | undefined
  onClose(): void
  onPick(reference: string): void
}

/** Picks a secret: its connection, then where it is. What comes of it is a reference; its value is never read here. */
export function PickerDialog({ source, current, onClose, onPick }: PickerDialogProps) {
  const { client, projectId, connections, providers } = source
  const only = connections?.length === 1 ? connections[0]?.id : undefined
  const [chosenId, setChosenId] = useState(current?.connectionId ?? only ?? "")
  const [way, setWay] = useState<"browse" | "type">(current ? "type" : "browse")
  const [reference, setReference] = useState<string>()
  const check = useCall<Validation["references"][number] | undefined>()
  const words = strings.picker
  const connection = connections?.find(({ id }) => id === chosenId)
  const provider = providers.find(({ id }) => id === connection?.providerId)

  function found(text: string | undefined) {
    setReference(text)
    check.reset()
  }

  async function validate(text: string) {
    await check.run(async (signal) => {
      const input = { value: text, ...(projectId !== undefined && { projectId }) }
      return (await client.validate(input, { signal })).references[0]
    })
  }

  return (
    <Dialog
      title={words.title}
      onClose={onClose}
      footer={
        <>
          <Button
            icon="check"
            disabled={reference === undefined}
            busy={check.state.status === "busy"}
            onClick={() => reference !== undefined && validate(reference)}
          >
            {words.check}
          </Button>
          <span className="spring" />
          <Button onClick={onClose}>{strings.common.cancel}</Button>
          <Button
            kind="primary"
            disabled={reference === undefined}
            onClick={() => reference !== undefined && onPick(reference)}
          >
            {words.use}
          </Button>
        </>
      }
    >
      {source.error !== undefined && <ProblemNote error={source.error} onRetry={source.reload} />}
      {connections?.length === 0 && <p className="note">{words.noConnections}</p>}
      <Field label={words.connection} hint={connection && isFailing(connection) && words.failing}>
        {(control) => (
          <select
            {...control}
            data-autofocus
            value={connection?.id ?? ""}
            disabled={connections === undefined}
            onChange={(event) => {
              setChosenId(event.target.value)
              found(undefined)
            }}
          >
            <option value="">{connections ? words.choose : strings.common.loading}</option>
            {connections?.map(({ id, name, providerId }) => (
              <option key={id} value={id}>
                {name} ({providers.find((one) => one.id === providerId)?.name ?? providerId})
              </option>
            ))}
          </select>
        )}
      </Field>

      {connection && provider && (
        <>
          <Segments
            label={words.way}
            value={way}
            options={[
              ["browse", words.browse],
              ["type", words.type],
            ]}
            onChange={setWay}
          />
          <div className="picker-panel">
            {way === "browse" ? (
              <BrowsePanel
                key={connection.id}
                client={client}
                connectionId={connection.id}
                projectId={projectId}
                onPick={(text) => {
                  found(text)
                  void validate(text)
                }}
                picked={reference}
              />
            ) : (
              <TypePanel
                key={connection.id}
                connectionId={connection.id}
                provider={provider}
                current={current?.connectionId === connection.id ? current : undefined}
                onChange={found}
              />
            )}
          </div>
          <ReferencePreview reference={reference} />
          <div className="check-result" aria-live="polite">
            <CheckResult check={check.state} />
          </div>
        </>
      )}
    </Dialog>
  )
}

const isFailing = (connection: AnyConnection) =>
  !connection.connection.connected && (!isFull(connection) || connection.connection.error !== undefined)

function ReferencePreview({ reference }: { reference: string | undefined }) {
  return (
    <div className="preview">
      <p className="label">{strings.picker.reference}</p>
      {reference === undefined ? (
        <p className="muted">{strings.picker.referenceEmpty}</p>
      ) : (
        <code className="block">{reference}</code>
      )}
    </div>
  )
}

function CheckResult({
  check,
}: {
  check: ReturnType<typeof useCall<Validation["references"][number] | undefined>>["state"]
}) {
  if (check.status === "busy") return <p className="muted">{strings.picker.checking}</p>
  if (check.status === "failed") return <ProblemNote error={check.error} />
  if (check.status !== "done") return null
  if (check.result?.status === "ok")
    return (
      <p className="good-text">
        <Icon name="check" /> {strings.picker.resolves}
      </p>
    )
  return (
    <div className="note bad">
      <Icon name="alert" />
      <div>{check.result?.error && <ProblemBody text={textOfProblem(check.result.error)} />}</div>
    </div>
  )
}
