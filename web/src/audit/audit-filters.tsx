import { type FormEvent, useId, useState } from "react"
import { ConnectionChoice } from "../connections/connection-choice.tsx"
import { strings } from "../strings.ts"
import { Button } from "../ui/button.tsx"
import { Choice, SearchBox } from "../ui/filters.tsx"
import { type Preset, presets, printLocal, type Range, readLocal, type Span } from "./span.ts"
import type { Action, AuditView } from "./use-audit.ts"

interface AuditFiltersProps {
  view: AuditView
  /** What `view.range` is now. */
  span: Span
  connections: readonly { id: string; name: string }[]
  /** Those that are seen in the records, to be picked from. */
  actors: readonly string[]
  onChange(next: Partial<AuditView>): void
}

export function AuditFilters({ view, span, connections, actors, onChange }: AuditFiltersProps) {
  const words = strings.audit
  const isPreset = "preset" in view.range
  return (
    <search className="filters">
      <SearchBox
        label={words.path}
        placeholder={words.pathPlaceholder}
        value={view.path}
        onChange={(path) => onChange({ path })}
      />
      <Choice
        label={words.range}
        value={"preset" in view.range ? view.range.preset : ""}
        options={[
          ...(Object.keys(presets) as Preset[]).map((preset) => [preset, words.ranges[preset]] as const),
          ["", words.between],
        ]}
        onChange={(preset) => onChange({ range: preset === "" ? span : { preset } })}
      />
      <ConnectionChoice
        connections={connections}
        value={view.connectionId}
        none={words.anyConnection}
        onChange={(connectionId) => onChange({ connectionId })}
      />
      <Choice
        label={words.action}
        value={view.action}
        options={[["", words.anyAction], ...(Object.entries(words.actions) as [Action, string][])]}
        onChange={(action) => onChange({ action })}
      />
      <ActorInput
        key={view.actor}
        value={view.actor}
        known={actors}
        onChange={(actor) => onChange({ actor })}
      />
      {!isPreset && (
        <RangeForm key={`${span.from} ${span.to}`} span={span} onChange={(range) => onChange({ range })} />
      )}
    </search>
  )
}

interface ActorInputProps {
  value: string
  known: readonly string[]
  onChange(actor: string): void
}

/** The API finds whole names alone, so this is taken over when it is entered, picked or left. */
function ActorInput({ value, known, onChange }: ActorInputProps) {
  const [typed, setTyped] = useState(value)
  const listId = useId()
  const enter = (text: string) => text.trim() !== value && onChange(text.trim())
  return (
    <form
      className="actor-box"
      onSubmit={(event) => {
        event.preventDefault()
        enter(typed)
      }}
    >
      <label>
        <span className="visually-hidden">{strings.audit.actor}</span>
        <input
          value={typed}
          list={listId}
          maxLength={256}
          placeholder={strings.audit.actorPlaceholder}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => {
            setTyped(event.target.value)
            if (event.target.value === "" || known.includes(event.target.value)) enter(event.target.value)
          }}
          onBlur={() => enter(typed)}
        />
      </label>
      <datalist id={listId}>
        {known.map((actor) => (
          <option key={actor} value={actor} />
        ))}
      </datalist>
    </form>
  )
}

function RangeForm({ span, onChange }: { span: Span; onChange(range: Range): void }) {
  const [from, setFrom] = useState(printLocal(span.from))
  const [to, setTo] = useState(printLocal(span.to))
  const [wrong, setWrong] = useState(false)
  const errorId = useId()
  const words = strings.audit

  function submit(event: FormEvent) {
    event.preventDefault()
    const range = readLocal(from, to)
    setWrong(range === undefined)
    if (range) onChange(range)
  }

  const input = (label: string, value: string, onInput: (text: string) => void) => (
    <label className="small">
      {label}
      <input
        type="datetime-local"
        value={value}
        aria-invalid={wrong || undefined}
        aria-describedby={wrong ? errorId : undefined}
        onChange={(event) => onInput(event.target.value)}
      />
    </label>
  )
  return (
    <form className="range-form" onSubmit={submit} noValidate>
      {input(words.from, from, setFrom)}
      {input(words.to, to, setTo)}
      <Button type="submit">{words.apply}</Button>
      {wrong && (
        <p className="field-error" id={errorId} role="alert">
          {words.badRange}
        </p>
      )}
    </form>
  )
}
