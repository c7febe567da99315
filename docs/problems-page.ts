import { problemSlug, problemTexts, problemType, reasonHints } from "../core/contract/problems.ts"
import { type Code, reasons, statusOf } from "../core/errors.ts"

/** The text of `problems.md`, made from what the API itself answers. */
export function problemsPage(): string {
  const codes = Object.keys(statusOf) as Code[]
  return `${[
    "# Problems",
    "Errors are problem documents (RFC 9457, `application/problem+json`). Switch over `code`: the set is closed, and each code keeps its status. `type` is the address of its section here. Messages are Latchkey's own, never a secret manager's.",
    ...codes.flatMap((code) => [
      `<a id="${problemSlug(code)}"></a>\n\n## ${code}`,
      `Status ${statusOf[code]}: ${problemTexts[code].title.toLowerCase()}. Type \`${problemType(code)}\`.`,
      problemTexts[code].when,
      `**What to do.** ${problemTexts[code].hint}`,
    ]),
    "## Reasons",
    "Why a secret manager did not give what was asked of it, `reason`, and what to do. The set is the same for every provider.",
    reasons.map((reason) => `- \`${reason}\`: ${reasonHints[reason]}`).join("\n"),
  ].join("\n\n")}\n`
}
