import type { ProviderInfo } from "../../../core/client/index.ts"
import { strings } from "../strings.ts"
import { Button } from "../ui/button.tsx"
import { ProviderLogo } from "../ui/provider-logo.tsx"

interface EmptyStateProps {
  providers: readonly ProviderInfo[]
  /** Absent for those who may not connect anything. */
  onCreate?: () => void
}

/** What connections are for, where there are none yet. */
export function EmptyState({ providers, onCreate }: EmptyStateProps) {
  const { title, steps, member } = strings.connections.empty
  if (!onCreate) return <p className="note">{member}</p>
  return (
    <section className="card empty">
      <h2>{title}</h2>
      <ol className="teach">
        {steps.map(([name, text]) => (
          <li key={name}>
            <strong>{name}</strong>
            <span>{text}</span>
          </li>
        ))}
      </ol>
      <ul className="logos">
        {providers.map((provider) => (
          <li key={provider.id}>
            <ProviderLogo provider={provider} />
            {provider.name}
          </li>
        ))}
      </ul>
      <Button kind="primary" icon="plus" onClick={onCreate}>
        {strings.connections.create}
      </Button>
    </section>
  )
}
