import { strings } from "../strings.ts"
import { Field } from "../ui/field.tsx"

interface ProjectChoiceProps {
  projectIds: readonly string[]
  value: string | undefined
  onChange(projectId: string | undefined): void
  /** Whether the viewer sees something without naming a project. */
  mayBeNone: boolean
}

/** On behalf of which of their projects somebody looks. */
export function ProjectChoice({ projectIds, value, onChange, mayBeNone }: ProjectChoiceProps) {
  return (
    <div className="narrow">
      <Field label={strings.common.project}>
        {(control) => (
          <select
            {...control}
            value={value ?? ""}
            onChange={(event) => onChange(event.target.value || undefined)}
          >
            {mayBeNone && <option value="">{strings.connections.allProjects}</option>}
            {projectIds.map((id) => (
              <option key={id}>{id}</option>
            ))}
          </select>
        )}
      </Field>
    </div>
  )
}
