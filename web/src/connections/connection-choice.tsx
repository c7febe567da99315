import { strings } from "../strings.ts"
import { Choice } from "../ui/filters.tsx"

interface ConnectionChoiceProps {
  connections: readonly { id: string; name: string }[]
  /** The id of one, or nothing. */
  value: string
  /** What it says where none is chosen. */
  none: string
  onChange(connectionId: string): void
}

/** Which connection, or none. */
export function ConnectionChoice({ connections, value, none, onChange }: ConnectionChoiceProps) {
  const options = connections.map(({ id, name }) => [id, name] as const)
  return (
    <Choice
      label={strings.audit.connection}
      value={value}
      options={[["", none], ...options]}
      onChange={onChange}
    />
  )
}
