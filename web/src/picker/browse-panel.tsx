import { useState } from "react"
import type { ReplyOf } from "../../../core/client/index.ts"
import { useCall } from "../data/use-call.ts"
import { useLoad } from "../data/use-load.ts"
import { strings } from "../strings.ts"
import { Button } from "../ui/button.tsx"
import { Icon } from "../ui/icon.tsx"
import { ProblemNote } from "../ui/problem-note.tsx"
import { browsedReference } from "./path-template.ts"
import type { PickerClient } from "./secret-source.ts"

type Page = ReplyOf<"browse">
type Folder = Pick<Page["data"][number], "path" | "name">

interface BrowsePanelProps {
  client: PickerClient
  connectionId: string
  projectId: string | undefined
  picked: string | undefined
  onPick(reference: string): void
}

/** The names that the connection may list, folder by folder. */
export function BrowsePanel({ client, connectionId, projectId, picked, onPick }: BrowsePanelProps) {
  const [trail, setTrail] = useState<readonly Folder[]>([])
  const prefix = trail.at(-1)?.path
  const browse = (cursor: string | undefined, signal: AbortSignal) =>
    client.browse({ id: connectionId, prefix, cursor, projectId }, { signal })
  const { data, error, loading, reload, replace } = useLoad<Page>(`${prefix}`, (signal) =>
    browse(undefined, signal),
  )
  const more = useCall<Page>()
  const words = strings.picker

  async function loadMore(cursor: string) {
    const page = await more.run((signal) => browse(cursor, signal))
    if (page) replace((before) => ({ data: [...before.data, ...page.data], next: page.next }))
  }

  function open(next: readonly Folder[]) {
    more.reset()
    setTrail(next)
  }

  return (
    <div className="browse">
      <nav aria-label={words.where} className="trail">
        <button
          type="button"
          onClick={() => open([])}
          aria-current={trail.length === 0 ? "location" : undefined}
        >
          {words.root}
        </button>
        {trail.map((folder, index) => (
          <span key={folder.path}>
            <span className="muted" aria-hidden="true">
              /
            </span>
            <button
              type="button"
              onClick={() => open(trail.slice(0, index + 1))}
              aria-current={index === trail.length - 1 ? "location" : undefined}
            >
              {folder.name}
            </button>
          </span>
        ))}
      </nav>
      {error !== undefined && <ProblemNote error={error} onRetry={reload} />}
      <ul className="names" aria-busy={loading || undefined}>
        {loading &&
          !data &&
          [1, 2, 3].map((row) => <li key={row} className="skeleton bar wide" aria-hidden="true" />)}
        {data?.data.map((entry) => {
          const isFolder = entry.kind === "folder"
          const reference = browsedReference(connectionId, entry.path)
          return (
            <li key={`${entry.kind} ${entry.path}`}>
              <button
                type="button"
                aria-pressed={isFolder ? undefined : picked === reference}
                onClick={() => (isFolder ? open([...trail, entry]) : onPick(reference))}
              >
                <Icon name={isFolder ? "folder" : "lock"} />
                <span className="entry-name">{entry.name}</span>
                <span className="visually-hidden">{isFolder ? words.folder : words.secret}</span>
                {isFolder && <Icon name="right" />}
              </button>
            </li>
          )
        })}
      </ul>
      {data && data.data.length === 0 && data.next === null && (
        <p className="muted none">{words.emptyFolder}</p>
      )}
      {more.state.status === "failed" && <ProblemNote error={more.state.error} />}
      {typeof data?.next === "string" && (
        <Button busy={more.state.status === "busy"} onClick={() => data.next && loadMore(data.next)}>
          {words.more}
        </Button>
      )}
    </div>
  )
}
