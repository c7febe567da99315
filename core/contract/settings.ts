import * as z from "zod"
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
      cacheTtlSeconds: cacheTtlSeconds().exactOptional(),
      staleIfErrorSeconds: staleIfErrorSeconds().exactOptional(),
      allowedPaths: allowedPaths().exactOptional(),
    })
    .superRefine(staleNeedsCache),
)

/** Merged into the stored settings; `allowedPaths: null` allows any path again. */
export const settingsUpdate = once(() =>
  z
    .strictObject({
      cacheTtlSeconds: cacheTtlSeconds().exactOptional(),
      staleIfErrorSeconds: staleIfErrorSeconds().exactOptional(),
      allowedPaths: allowedPaths().nullable().exactOptional(),
    })
    .superRefine(staleNeedsCache),
)

/** The whole, as a connection shows it, and the rule that a merged update must still meet. */
export const settings = once(
  (): z.ZodType<Settings> =>
    z
      .strictObject({
        cacheTtlSeconds: cacheTtlSeconds(),
        staleIfErrorSeconds: staleIfErrorSeconds(),
        allowedPaths: allowedPaths().exactOptional(),
      })
      .superRefine(staleNeedsCache)
      .meta({ id: "Settings" }),
)

const cacheTtlSeconds = once(() =>
  z.int().min(0).max(limits.cacheTtlSeconds).meta({
    description: "How long a value is reused, counted from its fetch; 0: not at all. Default 3600.",
  }),
)

const staleIfErrorSeconds = once(() =>
  z.int().min(0).max(limits.staleIfErrorSeconds).meta({
    description: "How long after that a value may stand in while the secret manager is failing. Default 0.",
  }),
)

// biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder as admins write it
const projectPlaceholder = "${projectId}"

const allowedPaths = once(() =>
  z
    .array(z.string().max(limits.allowedPathCharacters).superRefine(refuseBadPattern))
    .max(limits.allowedPaths)
    .meta({
      description: [
        "Patterns over the provider's canonical path, by whole segments: * is one segment, ** any rest,",
        projectPlaceholder,
        "the named project. An empty list allows nothing; absent: any path.",
      ].join(" "),
    }),
)

function refuseBadPattern(pattern: string, context: z.RefinementCtx): void {
  const message = allowedPathProblem(pattern)
  if (message !== undefined) context.addIssue({ code: "custom", message })
}

/** Nothing can stand in for a value that is never kept. */
function staleNeedsCache(
  value: { cacheTtlSeconds?: number; staleIfErrorSeconds?: number },
  context: z.RefinementCtx,
): void {
  if (value.cacheTtlSeconds !== 0 || !value.staleIfErrorSeconds) return
  context.addIssue({
    code: "custom",
    path: ["staleIfErrorSeconds"],
    message: "must be 0 where cacheTtlSeconds is 0, since nothing is kept that could stand in",
  })
}
