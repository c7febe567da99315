import { globSync, readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { settingsOf } from "../../stacks/config.ts"
import { functionInputs, variablesOf } from "../../stacks/plan/shape.ts"
import { everything, type PlannedStage, planned, upstashKeys } from "./stages.ts"

const full = () => planned("full", everything, upstashKeys)

/** What is not the stage's name. */
const neutral = ({ plan }: PlannedStage) =>
  JSON.parse(
    JSON.stringify({ resources: plan.resources, functions: plan.functions, routes: plan.routes }).replaceAll(
      plan.stage,
      "STAGE",
    ),
  )

describe("production", () => {
  test("has what a personal stage has, and alarms", async () => {
    const [production, personal] = await Promise.all([planned("production"), planned("ada")])
    const { resources, ...rest } = neutral(production)
    const { resources: personalResources, ...personalRest } = neutral(personal)
    expect(rest).toEqual(personalRest)
    const alarms = ({ type }: { type: string }) => type === "aws:cloudwatch/metricAlarm:MetricAlarm"
    expect(resources.filter((one: { type: string }) => !alarms(one))).toEqual(personalResources)
  })

  test("cannot be deleted, and its log outlives a year", async () => {
    const [production, personal] = await Promise.all([planned("production"), planned("ada")])
    for (const [stage, isProtected, days] of [
      [production, true, 365],
      [personal, false, 7],
    ] as const) {
      for (const { inputs } of stage.all("aws:dynamodb/table:Table"))
        expect(inputs.deletionProtectionEnabled).toBe(isProtected)
      for (const { inputs } of stage.all("aws:cloudwatch/logGroup:LogGroup"))
        expect(inputs.retentionInDays).toBe(days)
    }
  })

  test("keeps instances for resolving that nothing else can take", async () => {
    const { resources } = await planned("production")
    expect(functionInputs(resources, "latchkey-production-resolve").reservedConcurrentExecutions).toBe(200)
    expect(functionInputs(resources, "latchkey-production-browse")).not.toHaveProperty(
      "reservedConcurrentExecutions",
    )
  })
})

describe("settings", () => {
  test("each direct caller has an alias, and permission on it alone", async () => {
    const stage = await full()
    const permissions = stage
      .all("aws:lambda/permission:Permission")
      .filter(({ inputs }) => inputs.function === "latchkey-full-resolve-direct")
    expect(permissions.map(({ inputs: { principal, qualifier } }) => [principal, qualifier])).toEqual([
      ["arn:aws:iam::123456789012:role/flows", "flows"],
      ["arn:aws:iam::123456789012:role/jobs", "acme-jobs"],
    ])
    expect(stage.all("aws:lambda/alias:Alias").map(({ inputs }) => inputs.name)).toEqual([
      "flows",
      "acme-jobs",
    ])
    const { LATCHKEY_DIRECT_CALLERS = "" } = variablesOf(
      functionInputs(stage.resources, "latchkey-full-resolve-direct"),
    )
    expect(JSON.parse(LATCHKEY_DIRECT_CALLERS)).toEqual([
      { name: "flows", platforms: ["*"] },
      { name: "acme-jobs", platforms: ["acme"] },
    ])
  })

  test("the console's origin may preflight every route, and no other origin is named", async () => {
    const stage = await full()
    const preflights = stage.plan.routes.filter(({ method }) => method === "OPTIONS")
    const paths = (routes: { path: string }[]) => [...new Set(routes.map(({ path }) => path))].sort()
    expect(paths(preflights)).toEqual(paths(stage.plan.routes))
    for (const { inputs } of stage.all("aws:apigateway/integrationResponse:IntegrationResponse"))
      expect(inputs.responseParameters).toMatchObject({
        "method.response.header.Access-Control-Allow-Origin": "'https://console.acme.example'",
        "method.response.header.Access-Control-Allow-Headers": "'authorization,content-type,if-match'",
      })
    const alone = { ...everything, console: false } as const
    const { plan } = await planned("full", alone, upstashKeys)
    expect(plan.routes.some(({ method }) => method === "OPTIONS")).toBe(false)
  })

  test("with a domain, nothing goes round it", async () => {
    const stage = await full()
    expect(stage.only("aws:apigateway/restApi:RestApi").disableExecuteApiEndpoint).toBe(true)
    expect(stage.only("aws:apigateway/domainName:DomainName")).toMatchObject({ securityPolicy: "TLS_1_2" })
  })

  test("a VPC of its own has addresses that stay, and every function is in it", async () => {
    const stage = await full()
    expect(stage.all("aws:ec2/eip:Eip")).toHaveLength(2)
    for (const { inputs } of stage.all("aws:lambda/function:Function")) expect(inputs.vpcConfig).toBeDefined()
  })

  test("provisioned instances are what the API invokes", async () => {
    const stage = await full()
    const resolve = stage
      .all("aws:apigateway/integration:Integration")
      .find(({ name }) => name.includes("ResolvePOST"))
    expect(resolve?.inputs.uri).toContain("function:latchkey-full-resolve:1/")
  })

  test("the cache is made by Upstash's API where there is a key for it, over TLS", async () => {
    expect((await full()).only("upstash:index/redisDatabase:RedisDatabase").tls).toBe(true)
    expect((await planned("ada")).all("upstash:index/redisDatabase:RedisDatabase")).toEqual([])
  })

  test("tracing is on where it is wanted", async () => {
    const [stage, personal] = await Promise.all([full(), planned("ada")])
    expect(stage.only("aws:apigateway/stage:Stage").xrayTracingEnabled).toBe(true)
    for (const { inputs } of stage.all("aws:lambda/function:Function"))
      expect(inputs.tracingConfig).toEqual({ mode: "Active" })
    for (const { inputs } of personal.all("aws:lambda/function:Function"))
      expect(inputs.tracingConfig).toBeUndefined()
  })

  test("every alarm is told to the topic, and someone listens", async () => {
    const stage = await full()
    const { alarms } = { alarms: stage.all("aws:cloudwatch/metricAlarm:MetricAlarm") }
    expect(alarms.length).toBeGreaterThan(10)
    for (const { inputs } of alarms) expect(inputs.alarmActions).toHaveLength(1)
    expect(stage.only("aws:sns/topicSubscription:TopicSubscription")).toMatchObject({
      protocol: "email",
      endpoint: "oncall@acme.example",
    })
  })

  test("the dashboard draws and alarms watch metrics that there are", async () => {
    const stage = await full()
    const { dashboardBody } = stage.only("aws:cloudwatch/dashboard:Dashboard") as { dashboardBody: string }
    const drawn = [...dashboardBody.matchAll(/\["Latchkey","(\w+)"|MetricName=\\"(\w+)\\"/g)]
    const watched = stage
      .all("aws:cloudwatch/metricAlarm:MetricAlarm")
      .filter(({ inputs }) => inputs.namespace === "Latchkey")
    const names = new Set([
      ...drawn.map(([, name, searched]) => name ?? searched),
      ...watched.map(({ inputs }) => String(inputs.metricName)),
    ])
    expect(names.size).toBeGreaterThan(12)
    const sources = globSync(["core/**/*.ts", "functions/**/*.ts"]).map((file) => readFileSync(file, "utf8"))
    for (const name of names)
      expect(
        sources.some((source) => source.includes(`"${name}"`)),
        name,
      ).toBe(true)
  })

  test("each alarm, metric and setting is in the operators' guide", async () => {
    const guide = readFileSync("docs/operations.md", "utf8")
    const stage = await full()
    const alarms = stage
      .all("aws:cloudwatch/metricAlarm:MetricAlarm")
      .map(({ inputs }) => String(inputs.name).replace("latchkey-full-", ""))
      .map((name) => name.replace(/^BreakerOpened-.*/, "BreakerOpened-<provider>"))
    const counted = globSync(["core/**/*.ts", "functions/**/*.ts"]).flatMap((file) => {
      const names = readFileSync(file, "utf8").matchAll(
        /metrics\.(?:count|time)\(\s*"(\w+)"|: "(References\w+)"/g,
      )
      return [...names].map(([, name, ofSource]) => name ?? ofSource ?? "")
    })
    expect(counted.length).toBeGreaterThan(15)
    const settings = Object.keys(settingsOf("full", everything))
    const missing = [...new Set([...alarms, ...counted, ...settings])].filter(
      (name) => !guide.includes(`\`${name}\``),
    )
    expect(missing).toEqual([])
  })

  test("the guide's costs add up", () => {
    const guide = readFileSync("docs/operations.md", "utf8")
    const rows = [...guide.matchAll(/^\| .*[×].* \| (\d+\.\d\d) \|$/gm)].map(([, dollars]) => Number(dollars))
    const [, total] = /^\| \| \| \*\*(\d+\.\d\d)\*\* \|$/m.exec(guide) ?? []
    expect(rows).toHaveLength(9)
    expect(rows.reduce((sum, one) => sum + one).toFixed(2)).toBe(total)
  })

  test("a misspelled function has no concurrency", () => {
    expect(() => settingsOf("x", { ...everything, concurrency: { resolves: { reserved: 1 } } })).toThrow(
      "resolves",
    )
  })

  test("audit records that the bus does not take are kept", async () => {
    const pipe = (await full()).only("aws:pipes/pipe:Pipe")
    expect(pipe.sourceParameters).toMatchObject({
      dynamodbStreamParameters: { deadLetterConfig: { arn: expect.stringContaining(":sqs:") } },
      filterCriteria: { filters: [{ pattern: '{"eventName":["INSERT"]}' }] },
    })
  })
})

test("the repository's stages are complete", () => {
  for (const stage of ["production", "staging", "anyone"]) expect(() => settingsOf(stage)).not.toThrow()
})
