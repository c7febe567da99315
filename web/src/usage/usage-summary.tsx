import { strings } from "../strings.ts"
import { Button } from "../ui/button.tsx"
import { ProblemNote } from "../ui/problem-note.tsx"
import { Time } from "../ui/time.tsx"
import type { useUsage } from "./use-usage.ts"
import { byProject, countProjects } from "./uses.ts"

interface UsageSummaryProps {
  usage: ReturnType<typeof useUsage>
}

/** What would break: which paths, for which projects, and when each was last resolved. */
export function UsageSummary({ usage: { items, complete, loading, error, more } }: UsageSummaryProps) {
  const words = strings.remove
  const projects = byProject(items)
  const isEmpty = items.length === 0
  return (
    <div className="uses-place">
      <p className={isEmpty ? "muted" : "bad-text"} role="status">
        {isEmpty
          ? loading
            ? words.looking
            : error === undefined && words.unused
          : words.inUse(items.length, countProjects(items), complete)}
      </p>
      {isEmpty && loading && [1, 2].map((row) => <span key={row} className="bar wide" aria-hidden="true" />)}
      {!isEmpty && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard too
        <section className="uses" aria-label={words.uses} tabIndex={0}>
          {projects.map(({ projectId, uses }) => (
            <section key={projectId ?? ""}>
              <h3>{projectId === undefined ? words.platform : words.project(projectId)}</h3>
              <ul>
                {uses.map(({ path, lastResolvedAt }) => (
                  <li key={path}>
                    <code>{path}</code>
                    <span className="small muted">
                      <Time at={lastResolvedAt} text={strings.usage.lastResolved} />
                    </span>
                  </li>
                ))}
              </ul>
            </section>
          ))}
          {!complete && (
            <Button busy={loading} onClick={more}>
              {strings.usage.more}
            </Button>
          )}
        </section>
      )}
      {error !== undefined && (
        <>
          <ProblemNote error={error} onRetry={more} />
          <p className="small">{words.unknown}</p>
        </>
      )}
    </div>
  )
}
