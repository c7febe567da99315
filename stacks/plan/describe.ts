import { functionIds } from "../function-names.ts"
import type { PlannedResource } from "./evaluate.ts"
import { type Plan, type PlannedFunction, type Statement, statementsOf } from "./shape.ts"

/** The whole plan for people: what each function is, is told and may do; the routes; the resources by stack. */
export function describe(
  { stage, resources, functions, routes }: Plan,
  behind: readonly PlannedResource[],
): string {
  const byStack = Map.groupBy(resources, stackOf)
  return [
    `Stage ${stage}: ${resources.length} resources\n`,
    ...functions.map((one) => describeFunction(one, statementsOf(behind, one.operation))),
    table(
      ["route", "", "operation", "authorizer"],
      routes.map(({ method, path, operation, authorizer }) => [
        method,
        path,
        operation ?? "answered by API Gateway",
        authorizer ?? "public",
      ]),
    ),
    ...[...byStack].sort(([a], [b]) => a.localeCompare(b)).map(([stack, made]) => describeStack(stack, made)),
  ].join("\n")
}

function describeFunction(one: PlannedFunction, statements: readonly Statement[]): string {
  const { name, runtime, architecture, memory, timeout, bundleBytes, hotBytes, environment } = one
  const size = `${kilobytes(hotBytes)} for any request, ${kilobytes(bundleBytes)} in all`
  return [
    `${name}: ${runtime}, ${architecture}, ${memory} MB, ${timeout} s, ${size}`,
    `  is told  ${environment.join(" ")}`,
    ...statements.map((statement) => `  may      ${describeStatement(statement)}`),
    "",
  ].join("\n")
}

/** `kms:Decrypt on <key> where StringEquals kms:EncryptionContext:purpose platform` */
export function describeStatement({ actions, resources, conditions = [] }: Statement): string {
  const where = conditions.map(
    ({ test, variable, values }) => ` where ${test} ${variable} ${values.join(" ")}`,
  )
  return `${actions.join(" ")} on ${resources.join(" ")}${where.join("")}`
}

/** How many of each type; where there are few, by their names. */
function describeStack(stack: string, resources: Plan["resources"]): string {
  const types = [...Map.groupBy(resources, ({ type }) => type)]
  return table(
    [stack, ""],
    types.map(([type, made]) => [
      type,
      made.length > 4 ? String(made.length) : made.map(({ name }) => name).join(", "),
    ]),
  )
}

const pascal = (id: string) => id.charAt(0).toUpperCase() + id.slice(1)
const functionNames = functionIds.map(pascal).join("|")

/** By the names that the stacks give, SST's own parts of a component beginning with the component's. */
const stacks: readonly [stack: string, names: RegExp][] = [
  ["functions", new RegExp(`^(?:${functionNames})(?:Function|Role|Logs|Code|LinkRef|Map\\d+|Provisioned|$)`)],
  ["functions", /^LambdaEncryptionKey$/],
  ["storage", /^(?:(?:Connection|Audit|Usage)Data|Key(?:Alias)?$|AuditBus|AuditPipe|AuditEvents)/],
  ["events", /^(?:SecretChanged|Rotation)/],
  ["cache", /^(?:Cache|UpstashRedis)/],
  ["network", /^Network/],
  ["direct", /^ResolveDirect(?:Alias|Permission)-/],
  ["console", /^Console/],
  ["observability", /^(?:Alarm|Dashboard)/],
  ["api", /^(?:Api|APIGateway|Firewall)/],
]

/** The file in `stacks/` that makes a resource; `sst` for what SST adds to every app. */
export function stackOf({ type, name }: Plan["resources"][number]): string {
  if (type === "pulumi:pulumi:Stack") return "sst"
  return stacks.find(([, names]) => names.test(name))?.[0] ?? "sst"
}

function table(head: string[], rows: string[][]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)))
  return [head, ...rows]
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("")
}

const kilobytes = (bytes: number) => `${Math.round(bytes / 1000)} KB`
