/** Whether a pattern of EventBridge matches, for what ours use of its language: exact values, `exists`, null and `$or`. */
export function matchesPattern(pattern: unknown, value: unknown): boolean {
  if (Array.isArray(pattern))
    return pattern.some((one) =>
      typeof one === "object" && one !== null ? one.exists === (value !== undefined) : one === value,
    )
  if (typeof value !== "object" || value === null) return false
  return Object.entries(pattern as object).every(([name, inner]) =>
    name === "$or"
      ? (inner as unknown[]).some((one) => matchesPattern(one, value))
      : matchesPattern(
          inner,
          Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined,
        ),
  )
}
