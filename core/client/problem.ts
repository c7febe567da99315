import type { Problem } from "../contract/shapes/problem.ts"
import type { Code } from "../errors.ts"

/**
 * What the API answered instead of a result. `code` is a closed union to switch over; `problem` has everything else,
 * such as `reason`, `issues` or `retryAfterSeconds`. `message` is Latchkey's own and safe to show.
 */
export class LatchkeyProblem extends Error {
  readonly code: Code
  readonly status: number
  readonly requestId: string
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail ?? problem.title)
    this.name = "LatchkeyProblem"
    this.code = problem.code
    this.status = problem.status
    this.requestId = problem.requestId
    this.problem = problem
  }
}

/** The answer came from something that is not Latchkey, or is broken: a proxy's error page, a wrong address. */
export class UnexpectedReply extends Error {
  readonly status: number | undefined

  constructor(message: string, status?: number) {
    super(message)
    this.name = "UnexpectedReply"
    this.status = status
  }
}

export function isProblem(value: unknown): value is Problem {
  if (typeof value !== "object" || value === null) return false
  const { code, title, status } = value as Partial<Record<keyof Problem, unknown>>
  return typeof code === "string" && typeof title === "string" && typeof status === "number"
}
