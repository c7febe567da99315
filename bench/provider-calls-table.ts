import type { Counted, ProviderCallsReport } from "./provider-calls.ts"

const kinds = ["logins", "lookups", "reads"] as const
const widths = { provider: 17, count: 12, calls: 9, naive: 12 }

/** For people: a line for each secret manager and number of references. */
export function printProviderCalls({ rows, loginsAtOnce }: ProviderCallsReport): void {
  const groups = ["nothing known", "after a clear, elsewhere"]
  const headings = groups.map((group) => group.padStart(widths.calls * kinds.length))
  const columns = groups.flatMap(() => kinds.map((kind) => kind.padStart(widths.calls)))
  console.log("\nCalls to the secret managers: how many there were, and may be at most")
  console.log(line("", "", "", headings, "naively"))
  console.log(line("", "references", "to secrets", columns, "all"))
  for (const { providerId, references, secrets, first, again, naive } of rows)
    console.log(line(providerId, references, secrets, [...cells(first), ...cells(again)], naive))
  const atOnce = loginsAtOnce.map(({ providerId, logins, budget }) => `${providerId} ${cell(logins, budget)}`)
  console.log(`  Logins of two new instances at once: ${atOnce.join(", ")}`)
}

type Text = string | number

function line(
  provider: Text,
  references: Text,
  secrets: Text,
  cells: readonly string[],
  naive: Text,
): string {
  const counts = [references, secrets].map((count) => String(count).padStart(widths.count))
  return `  ${String(provider).padEnd(widths.provider)}${counts.join("")}${cells.join("")}${String(naive).padStart(widths.naive)}`
}

function cells({ calls, budget }: Counted): string[] {
  return kinds.map((kind) => cell(calls[kind], budget[kind]).padStart(widths.calls))
}

const cell = (calls: number, budget: number) => `${calls}/${budget}${calls > budget ? "!" : ""}`
