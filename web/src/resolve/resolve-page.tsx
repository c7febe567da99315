import { type FormEvent, useState } from "react"
import { createClient, type Resolution } from "../../../core/client/index.ts"
import { useCall } from "../data/use-call.ts"
import { useSession } from "../session/session.tsx"
import { viewerOf } from "../session/viewer.ts"
import { strings } from "../strings.ts"
import { Button } from "../ui/button.tsx"
import { Field } from "../ui/field.tsx"
import { PageHead } from "../ui/page-head.tsx"
import { ProblemNote } from "../ui/problem-note.tsx"
import { ResolveResult } from "./resolve-result.tsx"

/** Resolves a template as a platform would, and shows what became of each reference; values only when asked for. */
export function ResolvePage() {
  const { viewer, client, config } = useSession()
  const [serviceToken, setServiceToken] = useState("")
  const [projectId, setProjectId] = useState("")
  const [template, setTemplate] = useState(strings.resolver.example)
  const [problems, setProblems] = useState<{ token?: string; template?: string }>({})
  const call = useCall<{ resolution: Resolution; ms: number }>()
  const words = strings.resolver

  async function submit(event: FormEvent) {
    event.preventDefault()
    const token = serviceToken.trim()
    const service = viewer.isService ? viewer : viewerOf(token, config.claims)
    const value = parsed(template)
    const found = {
      ...(!(service?.isService && service.platformId === viewer.platformId) && { token: words.notService }),
      ...(value === undefined && { template: words.badJson }),
    }
    setProblems(found)
    if (Object.keys(found).length > 0 || value === undefined) return
    const caller = viewer.isService ? client : createClient({ baseUrl: config.apiUrl, token })
    await call.run(async (signal) => {
      const begun = performance.now()
      const project = projectId.trim() || undefined
      const resolution = await caller.resolve(
        { value: value.json, projectId: project, onError: "report" },
        { signal },
      )
      return { resolution, ms: performance.now() - begun }
    })
  }

  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <div className="columns">
        <form className="card" onSubmit={submit} noValidate autoComplete="off">
          {!viewer.isService && (
            <Field label={words.serviceToken} hint={words.serviceTokenHint} error={problems.token}>
              {(control) => (
                <input
                  {...control}
                  type="password"
                  autoComplete="off"
                  value={serviceToken}
                  onChange={(event) => setServiceToken(event.target.value)}
                />
              )}
            </Field>
          )}
          <Field label={strings.common.project} optional>
            {(control) => (
              <input
                {...control}
                value={projectId}
                autoComplete="off"
                spellCheck={false}
                onChange={(event) => setProjectId(event.target.value)}
              />
            )}
          </Field>
          <Field label={words.template} hint={words.templateHint} error={problems.template}>
            {(control) => (
              <textarea
                {...control}
                className="code"
                rows={9}
                spellCheck={false}
                value={template}
                onChange={(event) => setTemplate(event.target.value)}
              />
            )}
          </Field>
          <Button kind="primary" type="submit" busy={call.state.status === "busy"}>
            {call.state.status === "busy" ? words.running : words.run}
          </Button>
        </form>
        <section className="card result" aria-live="polite" aria-label={words.references}>
          {call.state.status === "failed" && <ProblemNote error={call.state.error} />}
          {call.state.status === "busy" && <p className="muted">{words.running}</p>}
          {call.state.status === "idle" && <p className="muted">{words.waiting}</p>}
          {call.state.status === "done" && <ResolveResult {...call.state.result} />}
        </section>
      </div>
    </>
  )
}

type Value = Resolution["value"]

/** In an object, since null is JSON too. */
function parsed(text: string): { json: Value } | undefined {
  try {
    return { json: JSON.parse(text) as Value }
  } catch {
    return undefined
  }
}
