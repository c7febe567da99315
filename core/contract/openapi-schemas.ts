import * as z from "zod/mini"
import type { Operation } from "./operation.ts"
import { problem } from "./shapes/problem.ts"

export type JsonSchema = { [keyword: string]: unknown }

/** The schemas of operations by operation id, and the components that they refer to. */
export interface Schemas {
  components: Record<string, JsonSchema>
  params: Record<string, JsonSchema>
  query: Record<string, JsonSchema>
  body: Record<string, JsonSchema>
  reply: Record<string, JsonSchema>
}

/**
 * The operations' schemas as OpenAPI 3.1 has them (JSON Schema 2020-12). They are converted in two runs, one for each
 * direction, so that what operations share becomes one component: whatever carries an `id` in its metadata.
 */
export function schemasOf(operations: readonly Operation[]): Schemas {
  const pick = (part: "params" | "query" | "body" | "reply") =>
    z.object(
      Object.fromEntries(operations.flatMap(({ id, [part]: schema }) => (schema ? [[id, schema()]] : []))),
    )
  const sent = convert({ params: pick("params"), query: pick("query"), body: pick("body") }, "input")
  const got = convert({ reply: pick("reply"), problem: z.object({ problem: problem() }) }, "output")
  return {
    components: merge(sent.components, got.components),
    params: sent.parts.params ?? {},
    query: sent.parts.query ?? {},
    body: sent.parts.body ?? {},
    reply: got.parts.reply ?? {},
  }
}

function convert(parts: Record<string, z.ZodMiniObject>, io: "input" | "output") {
  const converted = z.toJSONSchema(z.object(parts), { io, target: "draft-2020-12", override: adapt })
  const components = (converted.$defs ?? {}) as Record<string, JsonSchema>
  for (const component of Object.values(components)) delete component.id
  const properties = (converted.properties ?? {}) as Record<string, JsonSchema>
  const lifted = lift(properties, components) as Record<string, { properties?: Record<string, JsonSchema> }>
  return {
    components: lift(components, components) as Record<string, JsonSchema>,
    parts: Object.fromEntries(
      Object.entries(lifted).map(([part, { properties = {} }]) => [part, properties]),
    ),
  }
}

function adapt({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: JsonSchema }): void {
  const def = zodSchema._zod.def
  if (def.type === "union" && "discriminator" in def)
    jsonSchema.discriminator = { propertyName: def.discriminator }
  // The pattern that zod adds says the same as the format, at length.
  if (jsonSchema.format === "date-time") delete jsonSchema.pattern
}

/** Moves references from where JSON Schema keeps definitions to where OpenAPI does, and completes discriminators. */
function lift(value: unknown, components: Record<string, JsonSchema>): unknown {
  if (Array.isArray(value)) return value.map((inner) => lift(inner, components))
  if (typeof value !== "object" || value === null) return value
  const { discriminator, ...rest } = value as JsonSchema
  const lifted = Object.fromEntries(
    Object.entries(rest).map(([key, inner]) => [
      key,
      key === "$ref" && typeof inner === "string" ? toComponent(inner) : lift(inner, components),
    ]),
  )
  const completed = discriminator && complete(discriminator as { propertyName: string }, rest, components)
  return completed ? { ...lifted, discriminator: completed } : lifted
}

const definitions = "#/$defs/"
const toComponent = (reference: string) => reference.replace(definitions, "#/components/schemas/")

/** Which value means which component; OpenAPI has no discriminators over schemas that are not components. */
function complete(
  { propertyName }: { propertyName: string },
  { oneOf }: JsonSchema,
  components: Record<string, JsonSchema>,
) {
  const branches = (oneOf ?? []) as { $ref?: string }[]
  const mapping = branches.flatMap(({ $ref }) => {
    const component = $ref && components[$ref.replace(definitions, "")]
    const property =
      component && (component.properties as Record<string, { const?: unknown }>)[propertyName]?.const
    return $ref && typeof property === "string" ? [[property, toComponent($ref)] as const] : []
  })
  if (mapping.length === 0 || mapping.length < branches.length) return undefined
  return { propertyName, mapping: Object.fromEntries(mapping) }
}

function merge(
  sent: Record<string, JsonSchema>,
  got: Record<string, JsonSchema>,
): Record<string, JsonSchema> {
  for (const name of Object.keys(sent))
    if (name in got && JSON.stringify(sent[name]) !== JSON.stringify(got[name]))
      throw new Error(
        `${name} means one thing in requests and another in replies: give each an id of its own`,
      )
  return Object.fromEntries(
    Object.entries({ ...sent, ...got }).sort(([one], [other]) => (one < other ? -1 : 1)),
  )
}
