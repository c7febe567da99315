import { type OperationId, served } from "../../../core/contract/routes.ts"
import type { Built } from "../../../stacks/build.ts"
import { functionName } from "../../../stacks/function-names.ts"
import type { FunctionId } from "../../../stacks/permissions.ts"
import { functionInputs, type Statement, statementsOf, variablesOf } from "../../../stacks/plan/shape.ts"
import type { PlannedStage } from "../stages.ts"
import { type Cloud, startCloud } from "./cloud.ts"
import { type ApiRequest, authorizerEvent, proxyEvent } from "./events.ts"
import { type DeployedFunction, type FunctionOptions, startFunction } from "./function.ts"

/** A planned stage as if it were deployed: its functions as they ship, in a cloud of the sandbox's making. */
export interface Deployment {
  cloud: Cloud
  /** What was started so far, each with the statements of its role. */
  functions: ReadonlyMap<FunctionId, { fn: Promise<DeployedFunction>; statements: readonly Statement[] }>
  /** Started with its first use. */
  functionOf(id: FunctionId): Promise<DeployedFunction>
  /** As API Gateway: asks the authorizer, then the operation's function, or another in its place. */
  call(
    operation: OperationId,
    request?: Omit<ApiRequest, "method" | "path">,
    other?: DeployedFunction,
  ): Promise<{ status: number; headers: Record<string, string>; body: Body }>
  signToken(claims: TokenClaims): Promise<string>
  /** To start one by hand, with a role of its own. */
  optionsOf(id: FunctionId, statements: readonly Statement[]): FunctionOptions
  close(): Promise<void>
}

export interface TokenClaims {
  sub: string
  /** @default "acme" */
  platform?: string
  /** @default "MEMBER" */
  role?: "ADMIN"
  /** @default "USER" */
  type?: "SERVICE"
  projectIds?: string[]
}

/** What tests look at in replies, each in those that have it. */
interface Body {
  id: string
  url: string
  secret: string
  data: {
    id: string
    path: string
    connection: { connected: boolean }
    facts: { principalArn: string; externalId: string }
  }[]
  value: Record<string, string>
  references: { source: string; status: string }[]
  connected: boolean
  steps: { error?: { reason: string } }[]
}

interface GatewayReply {
  statusCode: number
  headers: Record<string, string>
  body: string
}

export async function deploy({ plan, resources }: PlannedStage, built: Built): Promise<Deployment> {
  const nameOf = (id: FunctionId) => functionName(plan.stage, id)
  const environmentOf = (id: FunctionId) => variablesOf(functionInputs(resources, nameOf(id)))
  const { CONNECTIONS_TABLE, AUDIT_TABLE, USAGE_TABLE, ...variables } = environmentOf("resolve")
  const cloud = await startCloud({
    tables: { connections: `${CONNECTIONS_TABLE}`, audit: `${AUDIT_TABLE}`, usage: `${USAGE_TABLE}` },
    keyArn: variables.KMS_KEY_ID ?? "",
    redis: {
      host: new URL(variables.UPSTASH_REDIS_REST_URL ?? "").hostname,
      token: variables.UPSTASH_REDIS_REST_TOKEN ?? "",
    },
    identity: { host: "login.acme.example", issuer: "https://login.acme.example/", audience: "latchkey" },
  })
  const functions = new Map<FunctionId, { fn: Promise<DeployedFunction>; statements: readonly Statement[] }>()

  function optionsOf(id: FunctionId, statements: readonly Statement[]): FunctionOptions {
    const bundle = built[id]
    if (bundle === undefined) throw new Error(`There is no bundle of ${id}.`)
    return {
      name: nameOf(id),
      built: bundle,
      environment: environmentOf(id),
      credentials: cloud.giveRole(id, statements),
      internet: cloud.internet,
      timeoutMs: Number(functionInputs(resources, nameOf(id)).timeout) * 1_000,
    }
  }

  function functionOf(id: FunctionId): Promise<DeployedFunction> {
    const known = functions.get(id)
    if (known) return known.fn
    const statements = statementsOf(resources, id)
    const fn = startFunction(optionsOf(id, statements))
    functions.set(id, { fn, statements })
    return fn
  }

  return {
    cloud,
    functions,
    functionOf,
    optionsOf,
    signToken: ({ platform = "acme", role = "MEMBER", type = "USER", ...claims }) =>
      cloud.signToken({ ...claims, "https://acme.example/platform": platform, role, type }),
    async call(operation, request = {}, other) {
      const { method, path, who } = served[operation]
      const whole = { method, path, ...request }
      const authorizer =
        who === "public"
          ? undefined
          : ((await (await functionOf("authorizer")).invoke(authorizerEvent(whole))) as {
              principalId: string
              context: Record<string, unknown>
            })
      const fn = other ?? (await functionOf(operation))
      const { statusCode, headers, body } = (await fn.invoke(proxyEvent(whole, authorizer))) as GatewayReply
      return { status: statusCode, headers, body: body && JSON.parse(body) }
    },
    async close() {
      for (const { fn } of functions.values()) (await fn).stop()
      await cloud.close()
    },
  }
}
