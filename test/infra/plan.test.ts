import { beforeAll, describe, expect, test } from "vitest"
import { served } from "../../core/contract/routes.ts"
import { readEnvironment } from "../../functions/environment.ts"
import { functionIds, functionName } from "../../stacks/function-names.ts"
import { describe as describePlan, describeStatement, stackOf } from "../../stacks/plan/describe.ts"
import type { PlannedResource } from "../../stacks/plan/evaluate.ts"
import {
  belowBase,
  functionInputs,
  type Statement,
  statementsOf,
  variablesOf,
} from "../../stacks/plan/shape.ts"
import { everything, type PlannedStage, planned, upstashKeys } from "./stages.ts"

const stages: [name: string, make: () => Promise<PlannedStage>][] = [
  ["a personal stage", () => planned("ada")],
  ["staging", () => planned("staging")],
  ["production", () => planned("production")],
  ["a stage with everything", () => planned("full", everything, upstashKeys)],
]

/** The only actions on `*`, each with why no ARN can stand there. */
const unnameable: Record<string, string> = {
  "sts:AssumeRole": "roles of tenants' accounts, which decide by principal and external id",
  "ec2:CreateNetworkInterface": "Lambda's interfaces in a VPC: AWS has no narrower resource",
  "ec2:DescribeNetworkInterfaces": "the same",
  "ec2:DescribeSubnets": "the same",
  "ec2:DeleteNetworkInterface": "the same",
  "ec2:AssignPrivateIpAddresses": "the same",
  "ec2:UnassignPrivateIpAddresses": "the same",
  "xray:PutTraceSegments": "traces have no ARN",
  "xray:PutTelemetryRecords": "traces have no ARN",
}

describe.each(stages)("the plan of %s", (_, make) => {
  let stage: PlannedStage
  beforeAll(async () => {
    stage = await make()
  })

  test("is what was reviewed", async () => {
    await expect(reviewed(stage)).toMatchFileSnapshot(`plans/${stage.plan.stage}.txt`)
  })

  test("has for each operation of the contract its routes, behind the authorizer unless public, and its function", () => {
    for (const [operation, { method, path, who, ...rest }] of Object.entries(served)) {
      const aliases = "aliases" in rest ? rest.aliases : []
      for (const route of [{ method, path }, ...aliases])
        expect(stage.plan.routes.map((one) => ({ ...one, path: belowBase(one.path) }))).toContainEqual({
          ...route,
          operation,
          authorizer: who === "public" ? null : "token",
        })
    }
    expect(stage.plan.functions.map(({ operation }) => operation)).toEqual(functionIds)
  })

  test("has no route besides, save preflights without a function", () => {
    const known = new Set(Object.keys(served))
    const others = stage.plan.routes.filter(({ operation }) => operation === null || !known.has(operation))
    expect(others.every(({ method, operation }) => method === "OPTIONS" && operation === null)).toBe(true)
  })

  test("asks the authorizer by the Authorization header alone, and believes it for a minute", () => {
    expect(stage.only("aws:apigateway/authorizer:Authorizer")).toMatchObject({
      type: "REQUEST",
      identitySource: "method.request.header.Authorization",
      authorizerResultTtlInSeconds: 60,
    })
  })

  test("runs every function on Node 24, arm64, within the gateway's patience", () => {
    for (const one of stage.plan.functions) {
      expect(one).toMatchObject({ runtime: "nodejs24.x", architecture: "arm64" })
      expect(one.timeout).toBeLessThanOrEqual(29)
    }
  })

  test("lets nobody take a function's role but Lambda", () => {
    const roles = stage
      .all("aws:iam/role:Role")
      .filter(({ inputs }) => inputs.managedPolicyArns !== undefined)
    const taken = roles.map(({ name, inputs }) => [name, JSON.stringify(inputs.assumeRolePolicy)])
    expect(taken.filter(([, policy]) => policy?.includes(":root"))).toEqual([])
  })

  test("gives no role an action by wildcard, and `*` as a resource only where it is explained", () => {
    for (const { operation, actions, resources } of statements(stage)) {
      expect(
        actions.filter((action) => action.includes("*")),
        operation,
      ).toEqual([])
      const wild = resources.filter((resource) => resource.replace(/:log-group:[^*]+:\*$/, "").includes("*"))
      if (wild.length > 0)
        expect(
          actions.filter((action) => !(action in unnameable)),
          operation,
        ).toEqual([])
    }
  })

  test("gives no role a managed policy", () => {
    for (const id of functionIds) {
      const role = stage.only("aws:iam/role:Role", `${id.charAt(0).toUpperCase()}${id.slice(1)}Role`)
      expect(role.managedPolicyArns ?? [], id).toEqual([])
    }
  })

  test("lets functions append to the audit, and one read it", () => {
    const onAudit = statements(stage).filter(({ resources }) =>
      resources.some((arn) => arn.includes("AuditData")),
    )
    const actions = (readers: boolean) =>
      new Set(
        onAudit
          .filter(({ operation }) => (operation === "audit") === readers)
          .flatMap(({ actions }) => actions),
      )
    expect(actions(false)).toEqual(new Set(["dynamodb:PutItem"]))
    expect(actions(true)).toEqual(new Set(["dynamodb:PutItem", "dynamodb:Query"]))
  })

  test("lets roles of tenants be assumed without an external id by those alone that test connections", () => {
    const free = statements(stage)
      .filter(({ actions, conditions }) => actions.includes("sts:AssumeRole") && !conditions?.length)
      .map(({ operation }) => operation)
    expect(free.sort()).toEqual([
      "createConnection",
      "getConnection",
      "listConnections",
      "testConnection",
      "testUnsaved",
      "updateConnection",
    ])
  })

  test("gives every function an environment that it starts with, of at most 4 KB", () => {
    for (const id of functionIds) {
      const variables = variablesOf(functionInputs(stage.resources, functionName(stage.plan.stage, id)))
      const bytes = Object.entries(variables).reduce(
        (sum, [name, value]) => sum + name.length + Buffer.byteLength(value),
        0,
      )
      expect(bytes, id).toBeLessThan(4_096)
      expect(() => readEnvironment(variables), id).not.toThrow()
    }
  })

  test("tells a function of what it has a use for: the cache's token, and the issuers, not every one", () => {
    const told = (variable: string) =>
      functionIds.filter((id) => {
        const inputs = functionInputs(stage.resources, functionName(stage.plan.stage, id))
        return variable in variablesOf(inputs)
      })
    expect(told("LATCHKEY_ISSUERS")).toEqual(["authorizer"])
    expect(told("LATCHKEY_DIRECT_CALLERS")).toEqual(["resolveDirect"])
    expect(told("UPSTASH_REDIS_REST_TOKEN").sort()).toEqual([
      "browse",
      "createConnection",
      "getConnection",
      "listConnections",
      "resolve",
      "resolveDirect",
      "testConnection",
      "testUnsaved",
      "updateConnection",
      "validate",
    ])
    for (const [variable, resource] of [
      ["CONNECTIONS_TABLE", "ConnectionData"],
      ["AUDIT_TABLE", "AuditData"],
      ["USAGE_TABLE", "UsageData"],
      ["KMS_KEY_ID", ":key/"],
    ] as const)
      expect(told(variable), variable).toEqual(
        functionIds.filter((id) =>
          statementsOf(stage.resources, id).some(({ resources }) =>
            resources.some((arn) => arn.includes(resource)),
          ),
        ),
      )
  })

  test("keeps every log for a while and not for ever", () => {
    for (const { inputs } of stage.all("aws:cloudwatch/logGroup:LogGroup"))
      expect(inputs.retentionInDays).toBeGreaterThan(0)
  })

  test("logs neither query strings, nor bodies, nor paths that a caller made up", () => {
    const { accessLogSettings } = stage.only("aws:apigateway/stage:Stage") as {
      accessLogSettings: { format: string }
    }
    expect(accessLogSettings.format).not.toMatch(/querystring|\$context\.path|input/i)
    expect(stage.only("aws:apigateway/methodSettings:MethodSettings")).toMatchObject({
      methodPath: "*/*",
      settings: { loggingLevel: "OFF", dataTraceEnabled: false },
    })
  })

  test("answers as the functions do where API Gateway answers itself", () => {
    const responses = stage.all("aws:apigateway/response:Response")
    expect(responses.length).toBeGreaterThan(20)
    for (const { inputs } of responses) {
      const problem = JSON.parse(
        (inputs.responseTemplates as Record<string, string>)["application/json"] ?? "",
      )
      expect(problem).toMatchObject({
        code: expect.stringMatching(/^[A-Z_]+$/),
        status: Number(inputs.statusCode),
        requestId: "$context.requestId",
        params: { message: expect.any(String) },
      })
      expect(inputs.responseParameters).toMatchObject({
        "gatewayresponse.header.Content-Type": "'application/problem+json'",
        "gatewayresponse.header.X-Request-Id": "context.requestId",
        "gatewayresponse.header.Cache-Control": "'no-store'",
      })
    }
    const unknownRoute = responses.find(
      ({ inputs }) => inputs.responseType === "MISSING_AUTHENTICATION_TOKEN",
    )
    expect(unknownRoute?.inputs.statusCode).toBe("404")
  })

  test("turns a function's crash into a 500 of ours, and one that is too slow into a 503", () => {
    const statusOf = (type: string) =>
      stage.all("aws:apigateway/response:Response").find(({ inputs }) => inputs.responseType === type)?.inputs
        .statusCode
    expect(["INTEGRATION_FAILURE", "DEFAULT_5XX", "INTEGRATION_TIMEOUT"].map(statusOf)).toEqual([
      "500",
      "500",
      "503",
    ])
  })

  test("is shown to people by the stack that makes each resource, SST's own apart", () => {
    const rest = stage.plan.resources.filter((one) => stackOf(one) === "sst")
    expect(rest.map(({ type }) => type)).toEqual(["pulumi:pulumi:Stack"])
    const text = describePlan(stage.plan, stage.resources)
    for (const { name } of stage.plan.functions) expect(text).toContain(`\n${name}: nodejs24.x, arm64, `)
  })

  test("keeps tables recoverable and encrypted, the audit and the usage with an end", () => {
    const expiring = { ConnectionDataTable: undefined, AuditDataTable: "expires", UsageDataTable: "expires" }
    for (const [name, attribute] of Object.entries(expiring)) {
      const table = stage.only("aws:dynamodb/table:Table", name)
      expect(table).toMatchObject({
        hashKey: "pk",
        rangeKey: "sk",
        pointInTimeRecovery: { enabled: true },
        serverSideEncryption: { enabled: true },
      })
      expect((table.ttl as { attributeName?: string } | undefined)?.attributeName).toBe(attribute)
    }
  })

  test("rotates its key", () => {
    expect(stage.only("aws:kms/key:Key")).toMatchObject({ enableKeyRotation: true, deletionWindowInDays: 30 })
  })
})

function statements(stage: PlannedStage): (Statement & { operation: string })[] {
  return functionIds.flatMap((operation) =>
    statementsOf(stage.resources, operation).map((statement) => ({ operation, ...statement })),
  )
}

/** A line for each thing that a reviewer of a change should see. */
function reviewed({ plan, resources }: PlannedStage): string {
  const functions = plan.functions.flatMap(({ operation, name, memory, timeout, environment }) => [
    `${name}: ${memory} MB, ${timeout} s`,
    `  environment ${environment.join(" ")}`,
    ...statementsOf(resources, operation).map((statement) => `  may ${describeStatement(statement)}`),
  ])
  const routes = plan.routes.map(
    ({ method, path, operation, authorizer }) =>
      `${method} ${path} -> ${operation ?? "API Gateway"}, ${authorizer ?? "public"}`,
  )
  const made = plan.resources
    .filter(({ type }) => !type.startsWith("sst:") && type !== "aws:s3/bucketObjectv2:BucketObjectv2")
    .flatMap(({ type, name }) => {
      const same = resources.filter((one) => one.type === type && one.name === name)
      return [`${type} ${name}`, ...new Set(same.flatMap(grantsOf))]
    })
  return `${[...functions, "", ...routes, "", ...made].join("\n")}\n`
}

/** By which inputs of a resource somebody may do something, whoever that is. */
const grants = [
  "assumeRolePolicy",
  "inlinePolicies",
  "managedPolicyArns",
  "policy",
  "action",
  "principal",
  "sourceArn",
] as const

/** Who may do what by a resource itself. What a function's role may is listed with the function. */
function grantsOf({ type, name, inputs }: PlannedResource): string[] {
  if (!/^aws:(?:iam|kms|lambda\/permission|sqs|sns|s3\/bucketPolicy|cloudwatch\/event)/.test(type)) return []
  const ofFunction = functionIds.some((id) => name === `${id.charAt(0).toUpperCase()}${id.slice(1)}Role`)
  return grants
    .filter((grant) => inputs[grant] !== undefined && !(ofFunction && grant === "inlinePolicies"))
    .map((grant) => `  ${grant} ${plain(inputs[grant])}`)
}

/** Policies are JSON within JSON. */
const plain = (value: unknown): string =>
  (typeof value === "string" ? value : JSON.stringify(value)).replaceAll('\\"', "'")
