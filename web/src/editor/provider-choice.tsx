import type { ProviderInfo } from "../../../core/client/index.ts"
import { strings } from "../strings.ts"
import { ProviderLogo } from "../ui/provider-logo.tsx"

interface ProviderChoiceProps {
  providers: readonly ProviderInfo[]
  onChoose(id: string): void
}

export function ProviderChoice({ providers, onChoose }: ProviderChoiceProps) {
  return (
    <>
      <p className="muted">{strings.editor.chooseTitle}</p>
      <ul className="provider-choice">
        {providers.map((provider) => (
          <li key={provider.id}>
            <button type="button" onClick={() => onChoose(provider.id)}>
              <ProviderLogo provider={provider} />
              {provider.name}
            </button>
          </li>
        ))}
      </ul>
    </>
  )
}
