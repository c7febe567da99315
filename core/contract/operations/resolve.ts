import * as z from "zod/mini"
import type { Json } from "../../json.ts"
import { limits } from "../../limits.ts"
import { once } from "../../once.ts"
import { at, projectId } from "../fields.ts"
import { defineOperation } from "../operation.ts"
import { served } from "../routes.ts"
import { type Problem, problem } from "../shapes/problem.ts"

/** Where a resolved value came from. `stale`: the secret manager is failing, and the connection allows an old value. */
export const sources = ["provider", "cache", "memory", "stale"] as const

/** What became of one reference. */
export interface ResolvedReference {
  /** JSON pointer to the string that holds it. */
  pointer: string
  /** Absent where the reference is too malformed to tell. */
  connectionId?: string
  source?: (typeof sources)[number]
  /** The secret manager's version of what was read. */
  version?: string
  error?: Problem
}

/** The value with its references replaced, and what became of each. */
export interface Resolution {
  value: Json
  references: ResolvedReference[]
}

export const resolve = defineOperation({
  id: "resolve",
  ...served.resolve,
  summary: "Replace the references in a value by live secrets",
  description:
    "Resolve the stored template, never text into which run data has been put: whoever may write a reference that is resolved can obtain its value. Callers that cannot separate the two name the places in `at`.",
  body: once(() => z.strictObject(fields()).check(z.meta({ id: "ResolveRequest", examples: [example] }))),
  bodyLimit: limits.resolveBody,
  status: 200,
  reply: once(
    (): z.ZodMiniType<Resolution> =>
      z.strictObject(resolution()).check(z.meta({ id: "Resolution", examples: [result] })),
  ),
  errors: ["ENTITY_NOT_FOUND", "SECRET_MANAGER_GET_SECRET_FAILED", "TOO_MANY_REFERENCES"],
})

/** What `resolve` takes, for the payload of a direct invocation too. */
export const fields = () => ({
  value: anyJson(),
  projectId: z.exactOptional(projectId()),
  onError: z
    ._default(z.enum(["fail", "report"]), "fail")
    .check(
      z.describe(
        "`fail`: the first failing reference fails the whole call. `report`: a string with a failing reference becomes null.",
      ),
    ),
  at: z
    .exactOptional(at())
    .check(z.describe("JSON pointers: references are read only at or below them. Absent: everywhere.")),
})

/** What `resolve` gives, for the reply of a direct invocation too. */
export const resolution = () => ({
  value: anyJson(),
  references: z.array(
    z.strictObject({
      pointer: z.string(),
      connectionId: z.exactOptional(z.string()),
      source: z.exactOptional(z.enum(sources)),
      version: z.exactOptional(z.string()),
      error: z.exactOptional(problem()),
    }),
  ),
})

/** Passed on as it is: whatever JSON there may be, `__proto__` keys included. */
export const anyJson = (): z.ZodMiniType<Json, Json> =>
  z.unknown().check(
    z.refine((value) => value !== undefined, { error: "is required" }),
    z.describe("Any JSON value."),
  ) as unknown as z.ZodMiniType<Json, Json>

const example = {
  value: { url: "postgres://app:{{secret://smc_V1StGXR8_Z5jdHi6B-myT/secret/data/app/password}}@db/app" },
  projectId: "project-1",
}

const result = {
  value: { url: "postgres://app:correct horse@db/app" },
  references: [{ pointer: "/url", connectionId: "smc_V1StGXR8_Z5jdHi6B-myT", source: "cache", version: "3" }],
}
