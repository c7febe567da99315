import type { AuditMode } from "../core/audit/audit.ts"
import type { DirectCaller } from "../core/auth/direct-caller.ts"
import type { IssuerConfig } from "../core/auth/issuer-config.ts"
import { isObject } from "../core/json.ts"
import type { OutboundPolicy } from "../core/network/policy.ts"
import {
  type Environment,
  fieldsOf,
  isText,
  json,
  listOf,
  oneOf,
  text,
  url,
  variablesOf,
  wholeNumber,
} from "./read-variables.ts"

/**
 * What a deployment, or the sandbox, tells a function. Each is told of those parts alone that it has a use for, so what is
 * missing here is missed only when it is used.
 */
export interface Settings {
  sandbox: boolean
  tables: { connections?: string; audit?: string; usage?: string }
  kmsKeyId?: string
  redis?: { url: string; token: string }
  /** The authorizer's. */
  issuers?: readonly IssuerConfig[]
  outbound: OutboundPolicy
  directCallers: readonly DirectCaller[]
  /**
   * Whether connections may name endpoints of their own, and who the functions are to the roles of tenants. `endpoint`, in the
   * sandbox alone: where AWS is for connections that name none.
   */
  aws: { allowEndpoint: boolean; endpoint?: string; principal?: { deploymentId: string; arn: string } }
  audit: { mode: AuditMode; retentionDays: number }
  consoleOrigin: string | undefined
  /** Of the requests that succeed, the share that is logged: from 0 to 1. */
  logShare: number
  /** Of one resolve and of one request to a secret manager, in milliseconds. */
  deadlines: { resolveMs: number; requestMs: number }
}

/**
 * Reads and checks the variables, once per instance.
 * @throws Error that names each variable that is wrong, and what it should be, without its value
 */
export function readEnvironment(environment: Environment): Settings {
  const { read, readGiven, assertComplete } = variablesOf(environment)
  const sandbox = environment.LATCHKEY_SANDBOX !== undefined && read("LATCHKEY_SANDBOX", oneOf("1")) === "1"
  const outbound = read("LATCHKEY_OUTBOUND", outboundPolicy, closed)
  const { endpoint, ...aws } = read("LATCHKEY_AWS", awsDeployment, { allowEndpoint: false }) ?? {}
  const settings: Settings = {
    sandbox,
    tables: {
      ...readGiven("connections", "CONNECTIONS_TABLE", text),
      ...readGiven("audit", "AUDIT_TABLE", text),
      ...readGiven("usage", "USAGE_TABLE", text),
    },
    ...readGiven("kmsKeyId", "KMS_KEY_ID", text),
    ...(hasRedis(environment) && {
      redis: { url: read("UPSTASH_REDIS_REST_URL", url), token: read("UPSTASH_REDIS_REST_TOKEN", text) },
    }),
    ...readGiven("issuers", "LATCHKEY_ISSUERS", issuers),
    outbound: { ...outbound, allowLoopback: sandbox && outbound?.allowLoopback },
    directCallers: read("LATCHKEY_DIRECT_CALLERS", directCallers, []),
    aws: { ...aws, ...(sandbox && endpoint !== undefined && { endpoint }) },
    audit: {
      mode: read("LATCHKEY_AUDIT", oneOf("required", "best-effort", "off"), "required"),
      retentionDays: read("LATCHKEY_AUDIT_DAYS", wholeNumber(1), 400),
    },
    consoleOrigin:
      environment.LATCHKEY_CONSOLE_ORIGIN === undefined ? undefined : read("LATCHKEY_CONSOLE_ORIGIN", url),
    logShare: read("LATCHKEY_LOG_PERCENT", wholeNumber(0, 100), 100) / 100,
    deadlines: {
      resolveMs: read("LATCHKEY_RESOLVE_MS", wholeNumber(3_000, 29_000), 15_000),
      requestMs: read("LATCHKEY_REQUEST_MS", wholeNumber(500, 20_000), 5_000),
    },
  }
  assertComplete()
  if (sandbox) refuseSandboxOnLambda(environment)
  else refuseHostileVariables(environment)
  return settings
}

/** Half of it is a mistake. */
const hasRedis = ({ UPSTASH_REDIS_REST_URL, UPSTASH_REDIS_REST_TOKEN }: Environment) =>
  UPSTASH_REDIS_REST_URL !== undefined || UPSTASH_REDIS_REST_TOKEN !== undefined

/** Objects; the verifier checks them field by field when it is made. */
const issuers = json("a list of issuers, one at least", (parsed) => {
  const list = listOf((value) => (isObject(value) ? (value as unknown as IssuerConfig) : undefined))(parsed)
  return list?.length === 0 ? undefined : list
})

const closed: OutboundPolicy = { allowHttp: false, allowLoopback: false, exceptions: [] }

const outboundPolicy = json(
  "{allowHttp?, allowLoopback?, exceptions?: [{platformId, cidr}]}",
  (parsed): OutboundPolicy | undefined => {
    const fields = fieldsOf(parsed, ["allowHttp", "allowLoopback", "exceptions"])
    if (fields === undefined) return undefined
    const { allowHttp = false, allowLoopback = false } = fields
    const exceptions = listOf(exception)(fields.exceptions ?? [])
    if (typeof allowHttp !== "boolean" || typeof allowLoopback !== "boolean" || !exceptions) return undefined
    return { allowHttp, allowLoopback, exceptions }
  },
)

function exception(value: unknown) {
  const { platformId, cidr } = fieldsOf(value, ["platformId", "cidr"]) ?? {}
  return isText(platformId) && isText(cidr) ? { platformId, cidr } : undefined
}

const awsDeployment = json(
  "{allowEndpoint?, endpoint?, principal?: {deploymentId, arn}}, the ARN being a role's or an account's",
  (parsed): Settings["aws"] | undefined => {
    const fields = fieldsOf(parsed, ["allowEndpoint", "endpoint", "principal"])
    if (fields === undefined) return undefined
    const { allowEndpoint = false, endpoint } = fields
    if (endpoint !== undefined && !isText(endpoint)) return undefined
    const principal = fields.principal === undefined ? undefined : awsPrincipal(fields.principal)
    if (typeof allowEndpoint !== "boolean" || (fields.principal !== undefined && !principal)) return undefined
    return { allowEndpoint, ...(endpoint !== undefined && { endpoint }), ...(principal && { principal }) }
  },
)

function awsPrincipal(value: unknown): Settings["aws"]["principal"] {
  const { deploymentId, arn } = fieldsOf(value, ["deploymentId", "arn"]) ?? {}
  const trustable = isText(arn) && /^arn:aws[a-z-]*:iam::[0-9]{12}:(?:root|role\/\S+)$/.test(arn)
  return isText(deploymentId) && trustable ? { deploymentId, arn } : undefined
}

const directCallers = json("a list of {name, platforms}", listOf(directCaller))

function directCaller(value: unknown): DirectCaller | undefined {
  const { name, platforms } = fieldsOf(value, ["name", "platforms"]) ?? {}
  const list = listOf((platform) => (isText(platform) ? platform : undefined))(platforms)
  return isText(name) && list ? { name, platforms: list } : undefined
}

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
