import * as z from "zod"
import type { AuditMode } from "../core/audit/audit.ts"
import type { DirectCaller } from "../core/auth/direct-caller.ts"
import type { IssuerConfig } from "../core/auth/issuer-config.ts"
import type { OutboundPolicy } from "../core/network/policy.ts"

/** What a deployment, or the sandbox, tells the functions. */
export interface Settings {
  sandbox: boolean
  tables: { connections: string; audit: string; usage: string }
  kmsKeyId: string
  redis: { url: string; token: string }
  issuers: readonly IssuerConfig[]
  outbound: OutboundPolicy
  directCallers: readonly DirectCaller[]
  audit: { mode: AuditMode; retentionDays: number }
  consoleOrigin: string | undefined
  /** Of one resolve and of one request to a secret manager, in milliseconds. */
  deadlines: { resolveMs: number; requestMs: number }
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads and checks the variables, once per instance.
 * @throws Error that names each variable that is missing or wrong, and what it should be, without its value
 */
export function readEnvironment(environment: Environment): Settings {
  const parsed = variables().safeParse(environment)
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`)
    throw new Error(`The environment of this function is not complete: ${wrong.join("; ")}.`)
  }
  const values = parsed.data
  const sandbox = values.LATCHKEY_SANDBOX === "1"
  if (sandbox) refuseSandboxOnLambda(environment)
  else refuseHostileVariables(environment)
  return {
    sandbox,
    tables: { connections: values.CONNECTIONS_TABLE, audit: values.AUDIT_TABLE, usage: values.USAGE_TABLE },
    kmsKeyId: values.KMS_KEY_ID,
    redis: { url: values.UPSTASH_REDIS_REST_URL, token: values.UPSTASH_REDIS_REST_TOKEN },
    issuers: values.LATCHKEY_ISSUERS,
    outbound: {
      ...values.LATCHKEY_OUTBOUND,
      allowLoopback: sandbox && values.LATCHKEY_OUTBOUND.allowLoopback,
    },
    directCallers: values.LATCHKEY_DIRECT_CALLERS,
    audit: { mode: values.LATCHKEY_AUDIT, retentionDays: values.LATCHKEY_AUDIT_DAYS },
    consoleOrigin: values.LATCHKEY_CONSOLE_ORIGIN,
    deadlines: { resolveMs: values.LATCHKEY_RESOLVE_MS, requestMs: values.LATCHKEY_REQUEST_MS },
  }
}

const name = () => z.string().min(1)

/** JSON in a variable. */
const json = <Value extends z.ZodType>(schema: Value) =>
  z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown
      } catch {
        context.addIssue({ code: "custom", message: "is not JSON" })
        return z.NEVER
      }
    })
    .pipe(schema)

/** Text or object, as the verifier takes them; it checks them itself when it is made. */
const issuers = () =>
  z.array(z.custom<IssuerConfig>((value) => typeof value === "object" && value !== null)).min(1)

const outbound = () =>
  z.strictObject({
    allowHttp: z.boolean().default(false),
    allowLoopback: z.boolean().default(false),
    exceptions: z.array(z.strictObject({ platformId: name(), cidr: name() })).default([]),
  })

const variables = () =>
  z.object({
    LATCHKEY_SANDBOX: z.literal("1").optional(),
    CONNECTIONS_TABLE: name(),
    AUDIT_TABLE: name(),
    USAGE_TABLE: name(),
    KMS_KEY_ID: name(),
    UPSTASH_REDIS_REST_URL: z.url(),
    UPSTASH_REDIS_REST_TOKEN: name(),
    LATCHKEY_ISSUERS: json(issuers()),
    LATCHKEY_OUTBOUND: json(outbound()).default({ allowHttp: false, allowLoopback: false, exceptions: [] }),
    LATCHKEY_DIRECT_CALLERS: json(
      z.array(z.strictObject({ name: name(), platforms: z.array(name()) })),
    ).default([]),
    LATCHKEY_AUDIT: z.enum(["required", "best-effort", "off"]).default("required"),
    LATCHKEY_AUDIT_DAYS: z.coerce.number().int().min(1).default(400),
    LATCHKEY_CONSOLE_ORIGIN: z.url().optional(),
    LATCHKEY_RESOLVE_MS: z.coerce.number().int().min(3_000).max(29_000).default(15_000),
    LATCHKEY_REQUEST_MS: z.coerce.number().int().min(500).max(20_000).default(5_000),
  })

/** Variables by which libraries would send requests or credentials elsewhere, or print them. */
const hostile =
  /^(?:VAULT_.*|AWS_ENDPOINT_URL.*|.*_PROXY|NODE_USE_ENV_PROXY|NODE_TLS_REJECT_UNAUTHORIZED|SSLKEYLOGFILE|DEBUG|NODE_DEBUG)$/i

function refuseHostileVariables(environment: Environment): void {
  const found = Object.keys(environment).filter(
    (variable) => environment[variable] !== undefined && hostile.test(variable),
  )
  if (found.length > 0)
    throw new Error(
      `A deployed function must not have ${found.join(", ")} in its environment. Remove it and deploy again.`,
    )
}

/** The sandbox allows what a deployment must not be told to. */
function refuseSandboxOnLambda(environment: Environment): void {
  if (environment.AWS_LAMBDA_FUNCTION_NAME !== undefined)
    throw new Error("LATCHKEY_SANDBOX is for one's own machine. Remove it from the function's environment.")
}
