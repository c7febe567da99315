import * as z from "zod/mini"
import { limits } from "../limits.ts"
import { once } from "../once.ts"
import { allowedPathProblem } from "../references/allowed-paths.ts"

/** How one connection's secrets are kept and which of them may be reached. */
export interface Settings {
  cacheTtlSeconds: number
  staleIfErrorSeconds: number
  /** Absent: any path. */
  allowedPaths?: string[]
}

export const defaultSettings: Settings = { cacheTtlSeconds: limits.cacheTtlSeconds, staleIfErrorSeconds: 0 }

/** Any subset on creation; what is left out has its default. */
export const newSettings = once(() =>
  z
    .strictObject({
      cacheTtlSeconds: z.exactOptional(cacheTtlSeconds()),
      staleIfErrorSeconds: z.exactOptional(staleIfErrorSeconds()),
      allowedPaths: z.exactOptional(allowedPaths()),
    })
    .check(z.superRefine(staleNeedsCache)),
)

/** Merged into the stored settings; `allowedPaths: null` allows any path again. */
export const settingsUpdate = once(() =>
  z
    .strictObject({
      cacheTtlSeconds: z.exactOptional(cacheTtlSeconds()),
      staleIfErrorSeconds: z.exactOptional(staleIfErrorSeconds()),
      allowedPaths: z.exactOptional(z.nullable(allowedPaths())),
    })
    .check(z.superRefine(staleNeedsCache)),
)

/** The whole, as a connection shows it, and the rule that a merged update must still meet. */
export const settings = once(
  (): z.ZodMiniType<Settings> =>
    z
      .strictObject({
        cacheTtlSeconds: cacheTtlSeconds(),
        staleIfErrorSeconds: staleIfErrorSeconds(),
        allowedPaths: z.exactOptional(allowedPaths()),
      })
      .check(z.superRefine(staleNeedsCache), z.meta({ id: "Settings" })),
)

const cacheTtlSeconds = once(() =>
  z
    .int()
    .check(
      z.minimum(0),
      z.maximum(limits.cacheTtlSeconds),
      z.describe("How long a value is reused, counted from its fetch; 0: not at all. Default 3600."),
    ),
)

const staleIfErrorSeconds = once(() =>
  z
    .int()
    .check(
      z.minimum(0),
      z.maximum(limits.staleIfErrorSeconds),
      z.describe("How long after that a value may stand in while the secret manager is failing. Default 0."),
    ),
)

// biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder as admins write it
const projectPlaceholder = "${projectId}"

const allowedPaths = once(() =>
  z
    .array(z.string().check(z.maxLength(limits.allowedPathCharacters), z.superRefine(refuseBadPattern)))
    .check(
      z.maxLength(limits.allowedPaths),
      z.describe(
        [
          "Patterns over the provider's canonical path, by whole segments: * is one segment, ** any rest,",
          projectPlaceholder,
          "the named project. An empty list allows nothing; absent: any path.",
        ].join(" "),
      ),
    ),
)

function refuseBadPattern(pattern: string, context: z.core.$RefinementCtx): void {
  const message = allowedPathProblem(pattern)
  if (message !== undefined) context.addIssue({ code: "custom", message })
}

/** Nothing can stand in for a value that is never kept. */
function staleNeedsCache(
  value: { cacheTtlSeconds?: number; staleIfErrorSeconds?: number },
  context: z.core.$RefinementCtx,
): void {
  if (value.cacheTtlSeconds !== 0 || !value.staleIfErrorSeconds) return
  context.addIssue({
    code: "custom",
    path: ["staleIfErrorSeconds"],
    message: "must be 0 where cacheTtlSeconds is 0, since nothing is kept that could stand in",
  })
}
