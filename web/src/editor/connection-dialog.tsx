import { useState } from "react"
import type { Connection, ProviderInfo } from "../../../core/client/index.ts"
import type { AnyConnection } from "../data/api.ts"
import { strings } from "../strings.ts"
import { Button } from "../ui/button.tsx"
import { Dialog } from "../ui/dialog.tsx"
import { ConnectionForm } from "./connection-form.tsx"
import { sharedPart } from "./form.ts"
import { ProviderChoice } from "./provider-choice.tsx"
import type { Form } from "./provider-fields.ts"
import type { Saved } from "./save.ts"

interface ConnectionDialogProps {
  known: { connections: readonly AnyConnection[]; providers: readonly ProviderInfo[] }
  /** The one to edit; without it a new one is made. */
  connection?: Connection
  onClose(): void
  onSaved(saved: Saved): void
}

/** Makes a connection, the provider first, or edits one. Asks before it drops what was typed. */
export function ConnectionDialog({ known, connection, onClose, onSaved }: ConnectionDialogProps) {
  const [providerId, setProviderId] = useState<string | undefined>(connection?.providerId)
  const [drafts, setDrafts] = useState<Readonly<Record<string, Form>>>({})
  const [shared, setShared] = useState<Form>({})
  const [dirty, setDirty] = useState(false)
  const [leaving, setLeaving] = useState(false)
  const provider = known.providers.find(({ id }) => id === providerId)
  const leave = () => (dirty ? setLeaving(true) : onClose())

  /** Nothing typed is lost by looking at another provider: its own fields come back with it. */
  function changeProvider(id: string, draft: Form) {
    setDrafts({ ...drafts, [id]: draft })
    setShared(sharedPart(draft))
    setProviderId(undefined)
  }

  return (
    <>
      {provider === undefined ? (
        <Dialog title={strings.editor.createTitle} onClose={leave}>
          <ProviderChoice providers={known.providers} onChoose={setProviderId} />
        </Dialog>
      ) : (
        <ConnectionForm
          key={provider.id}
          provider={provider}
          base={connection}
          known={known.connections}
          draft={{ ...drafts[provider.id], ...shared }}
          onDirty={setDirty}
          onClose={leave}
          onSaved={onSaved}
          {...(!connection && { onChangeProvider: (draft: Form) => changeProvider(provider.id, draft) })}
        />
      )}
      {leaving && (
        <Dialog
          title={strings.editor.unsavedTitle}
          size="small"
          onClose={() => setLeaving(false)}
          footer={
            <>
              <Button onClick={() => setLeaving(false)} data-autofocus>
                {strings.editor.keepEditing}
              </Button>
              <Button kind="danger" onClick={onClose}>
                {strings.editor.discard}
              </Button>
            </>
          }
        >
          <p>{strings.editor.unsaved}</p>
        </Dialog>
      )}
    </>
  )
}
