import { useEffect, useState } from "react"
import type { ProviderInfo, Reference } from "../../../core/client/index.ts"
import { problemText } from "../data/problem-text.ts"
import { strings } from "../strings.ts"
import { Field } from "../ui/field.tsx"
import { fillTemplate, type Params, typedReference } from "./path-template.ts"

interface TypePanelProps {
  connectionId: string
  provider: ProviderInfo
  /** What is to be changed. */
  current: Reference | undefined
  /** The reference that the fields make; undefined while they make none. */
  onChange(reference: string | undefined): void
}

/** The parts of a path as this provider calls them. */
export function TypePanel({ connectionId, provider, current, onChange }: TypePanelProps) {
  const [params, setParams] = useState<Params>(() => firstParams(provider, current))
  const [options, setOptions] = useState(() => firstOptions(current))
  const [error, setError] = useState<string>()

  function change(nextParams: Params, nextOptions: string) {
    setParams(nextParams)
    setOptions(nextOptions)
    const path = fillTemplate(provider.pathTemplate, nextParams)
    try {
      onChange(path === undefined ? undefined : typedReference(connectionId, path, nextOptions))
      setError(undefined)
    } catch (thrown) {
      onChange(undefined)
      setError(problemText(thrown).detail)
    }
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: what is there to begin with makes a reference too
  useEffect(() => change(params, options), [])

  return (
    <div className="fields">
      {provider.secretParams.map(({ name, displayName, placeholder, optional }) => (
        <Field key={name} label={displayName} optional={optional}>
          {(control) => (
            <input
              {...control}
              className="code"
              value={params[name] ?? ""}
              placeholder={placeholder}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              onChange={(event) => change({ ...params, [name]: event.target.value }, options)}
            />
          )}
        </Field>
      ))}
      <Field label={strings.picker.options} optional hint={strings.picker.optionsHint} error={error}>
        {(control) => (
          <input
            {...control}
            className="code"
            value={options}
            placeholder="version=3"
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            onChange={(event) => change(params, event.target.value)}
          />
        )}
      </Field>
    </div>
  )
}

/** A path is taken apart only where it is one parameter: which part is whose is the provider's to say. */
function firstParams({ secretParams, pathTemplate }: ProviderInfo, current: Reference | undefined): Params {
  const first = secretParams[0]
  return current && first && pathTemplate.startsWith(`{${first.name}}`) ? { [first.name]: current.path } : {}
}

function firstOptions(current: Reference | undefined): string {
  return Object.entries(current?.options ?? {})
    .map(([name, value]) => `${name}=${encodeURIComponent(value ?? "")}`)
    .join("&")
}
