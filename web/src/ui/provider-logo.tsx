import type { ProviderInfo } from "../../../core/client/index.ts"

/** On a light tile in both themes: the logos are drawn for one. Beside the name, hence no text of its own. */
export function ProviderLogo({ provider }: { provider: Pick<ProviderInfo, "logo"> | undefined }) {
  const fits = provider && /^logos\/[a-z0-9-]+\.svg$/.test(provider.logo)
  return <span className="logo">{fits && <img src={provider.logo} alt="" width={20} height={20} />}</span>
}
