import { LatchkeyProblem, type Problem, UnexpectedReply } from "../../../core/client/index.ts"
import { strings } from "../strings.ts"

/** An error as people read it: what happened, what to do, and where to look further. */
export interface ProblemText {
  title: string
  detail: string
  hint?: string
  /** For those who operate Latchkey. */
  requestId?: string
  /** What the secret manager was asked and how it answered. */
  upstream?: string
  docsUrl?: string
}

export function problemText(error: unknown): ProblemText {
  if (error instanceof LatchkeyProblem) return textOfProblem(error.problem)
  if (error instanceof UnexpectedReply)
    return { title: strings.errors.unexpectedTitle, detail: strings.errors.unexpected }
  if (error instanceof TypeError)
    return { title: strings.errors.offlineTitle, detail: strings.errors.offline }
  if (error instanceof Error && error.name === "LatchkeyError")
    return { title: strings.errors.invalidTitle, detail: error.message }
  return { title: strings.errors.unknownTitle, detail: strings.errors.unknown }
}

export function textOfProblem(problem: Problem): ProblemText {
  const { title, detail, hint, reason, requestId, upstream, type } = problem
  return {
    title: reason === undefined ? title : strings.reasons[reason],
    detail: detail ?? title,
    hint,
    requestId,
    ...(upstream && { upstream: strings.errors.upstream(upstream) }),
    ...(/^https:\/\//.test(type) && { docsUrl: type }),
  }
}
