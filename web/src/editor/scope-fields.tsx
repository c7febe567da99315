import { useId, useState } from "react"
import type { AnyConnection } from "../data/api.ts"
import { useSession } from "../session/session.tsx"
import { strings } from "../strings.ts"
import { Button, IconButton } from "../ui/button.tsx"
import { Field } from "../ui/field.tsx"
import { RadioCards } from "../ui/radio-cards.tsx"
import { printLines, readLines } from "./form.ts"
import type { Form } from "./provider-fields.ts"

interface ScopeFieldsProps {
  form: Form
  problems: Readonly<Record<string, string>>
  onChange(next: Form): void
  /** Whose projects can be picked, besides those of the viewer's token. */
  known: readonly AnyConnection[]
}

/** Who may use the connection: every project, or those that are named. */
export function ScopeFields({ form, problems, onChange, known }: ScopeFieldsProps) {
  const words = strings.editor
  return (
    <fieldset>
      <legend>{words.scope}</legend>
      <RadioCards
        value={form.scope ?? ""}
        options={[
          ["PLATFORM", words.scopePlatform, words.scopePlatformHint],
          ["PROJECT", words.scopeProject, words.scopeProjectHint],
        ]}
        onChange={(scope) => onChange({ scope })}
      />
      {form.scope === "PROJECT" && (
        <ProjectIds
          ids={readLines(form.projectIds ?? "")}
          error={problems.projectIds}
          known={known}
          onChange={(ids) => onChange({ projectIds: printLines(ids) })}
        />
      )}
    </fieldset>
  )
}

interface ProjectIdsProps {
  ids: readonly string[]
  error: string | undefined
  known: readonly AnyConnection[]
  onChange(ids: string[]): void
}

function ProjectIds({ ids, error, known, onChange }: ProjectIdsProps) {
  const { viewer } = useSession()
  const [typed, setTyped] = useState("")
  const listId = useId()
  const words = strings.editor
  const suggestions = [
    ...new Set([...(viewer.projectIds ?? []), ...known.flatMap(({ projectIds = [] }) => projectIds)]),
  ]
    .filter((id) => !ids.includes(id))
    .sort()

  function add() {
    const added = typed.split(/[\s,]+/).filter((id) => id !== "")
    if (added.length > 0) onChange([...new Set([...ids, ...added])])
    setTyped("")
  }

  return (
    <>
      <Field label={words.projects} hint={words.projectsHint} error={error}>
        {(control) => (
          <span className="with-button">
            <input
              {...control}
              value={typed}
              list={listId}
              autoComplete="off"
              spellCheck={false}
              onChange={(event) => setTyped(event.target.value)}
              onBlur={add}
              onKeyDown={(event) => {
                if (event.key !== "Enter" && event.key !== ",") return
                event.preventDefault()
                add()
              }}
            />
            <Button icon="plus" onClick={add}>
              {words.addProject}
            </Button>
          </span>
        )}
      </Field>
      <datalist id={listId}>
        {suggestions.map((id) => (
          <option key={id} value={id} />
        ))}
      </datalist>
      {ids.length > 0 && (
        <ul className="chips" aria-label={words.projects}>
          {ids.map((id) => (
            <li className="chip" key={id}>
              {id}
              <IconButton
                icon="close"
                label={words.removeProject(id)}
                onClick={() => onChange(ids.filter((one) => one !== id))}
              />
            </li>
          ))}
        </ul>
      )}
      {suggestions.length > 0 && (
        <p className="known small">
          <span className="muted">{words.knownProjects}:</span>
          {suggestions.slice(0, 8).map((id) => (
            <button type="button" className="chip pick" key={id} onClick={() => onChange([...ids, id])}>
              + {id}
            </button>
          ))}
        </p>
      )}
    </>
  )
}
