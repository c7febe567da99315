import { readFileSync } from "node:fs"
import { beforeAll, describe, expect, test } from "vitest"
import { awsEvents } from "../../core/contract/aws-events.ts"
import { statementsOf } from "../../stacks/plan/shape.ts"
import { account, call, changes, others } from "../rotation/recorded-events.ts"
import { matchesPattern } from "../support/event-pattern.ts"
import { everything, type PlannedStage, planned, upstashKeys } from "./stages.ts"

let stage: PlannedStage
beforeAll(async () => {
  stage = await planned("full", everything, upstashKeys)
})

const rules = (abroad: boolean) =>
  stage
    .all("aws:cloudwatch/eventRule:EventRule")
    .filter(({ inputs }) => "eventBusName" in inputs === abroad)
    .map(({ inputs }) => JSON.parse(String(inputs.eventPattern)))

const isTaken = (event: unknown, abroad = false) =>
  rules(abroad).some((pattern) => matchesPattern(pattern, event))

describe("what AWS tells of changed secrets", () => {
  test.each(Object.entries(changes))("reaches the function: %s", (_, event) => {
    expect(isTaken(event)).toBe(true)
  })

  test("is let through for nothing that the function would ignore, save for what AWS never sends", () => {
    const taken = Object.entries(others).filter(([, [event]]) => isTaken(event))
    expect(taken.map(([name]) => name)).toEqual([
      "an account that is none",
      "a region that is none",
      "a time that is none",
    ])
  })

  test("is taken of other accounts by a bus of its own, and of those alone that the settings name", () => {
    const event = call("PutSecretValue")
    expect(isTaken({ ...event, account: "210987654321" }, true)).toBe(true)
    expect(isTaken({ ...event, account }, true)).toBe(false)
    const { policy } = stage.only("aws:cloudwatch/eventBusPolicy:EventBusPolicy")
    expect(JSON.parse(String(policy)).statements).toMatchObject([
      {
        principals: [{ type: "AWS", identifiers: ["210987654321"] }],
        actions: ["events:PutEvents"],
        resources: [expect.stringMatching(/:event-bus\/latchkey-full-rotation$/)],
        conditions: [{ variable: "events:source", values: ["aws.secretsmanager", "aws.ssm"] }],
      },
    ])
  })

  test("leaves other accounts by the rule that the documentation shows", () => {
    const [, json = ""] = /```json\n(.*?)```/s.exec(readFileSync("docs/rotation.md", "utf8")) ?? []
    expect([JSON.parse(json)]).toEqual(rules(false))
  })

  test("has no bus for other accounts where there are none", async () => {
    const personal = await planned("ada")
    expect(personal.all("aws:cloudwatch/eventBusPolicy:EventBusPolicy")).toEqual([])
  })

  test("reaches the function by a queue alone, which only these rules may write to", () => {
    for (const { inputs } of stage.all("aws:cloudwatch/eventTarget:EventTarget"))
      expect(inputs.arn).toEqual(expect.stringMatching(/RotationEventsDelayed/))
    for (const name of ["RotationEventsDelayedPolicy", "RotationEventsFailedPolicy"]) {
      const { policy } = stage.only("aws:sqs/queuePolicy:QueuePolicy", name)
      expect(JSON.parse(String(policy)).statements).toMatchObject([
        {
          principals: [{ type: "Service", identifiers: ["events.amazonaws.com"] }],
          actions: ["sqs:SendMessage"],
          conditions: [
            {
              test: "ArnEquals",
              values: [/Changed$/, /ChangedAbroad$/].map((end) => expect.stringMatching(end)),
            },
          ],
        },
      ])
    }
    expect(stage.only("aws:lambda/eventSourceMapping:EventSourceMapping")).toMatchObject({
      functionName: "latchkey-full-rotation-events",
      eventSourceArn: expect.stringContaining("RotationEventsDelayed"),
      functionResponseTypes: ["ReportBatchItemFailures"],
    })
    const permissions = stage.all("aws:lambda/permission:Permission")
    expect(permissions.map(({ inputs }) => inputs.function)).not.toContain("latchkey-full-rotation-events")
    expect(stage.plan.routes.some(({ operation }) => operation === "rotationEvents")).toBe(false)
  })

  test("is kept back for a moment, so that a storm of events clears a connection once in ten seconds", () => {
    const { delaySeconds, visibilityTimeoutSeconds } = stage.only(
      "aws:sqs/queue:Queue",
      "RotationEventsDelayedQueue",
    )
    expect(delaySeconds).toBe(awsEvents.delaySeconds)
    const { timeout } = stage.only("aws:lambda/function:Function", "RotationEventsFunction")
    expect(Number(visibilityTimeoutSeconds)).toBeGreaterThanOrEqual(6 * Number(timeout))
  })

  test("is kept where it cannot be delivered or acted on", () => {
    const queue = expect.stringContaining("RotationEventsFailed")
    for (const { inputs } of stage.all("aws:cloudwatch/eventTarget:EventTarget"))
      expect(inputs.deadLetterConfig).toEqual({ arn: queue })
    const { redrivePolicy } = stage.only("aws:sqs/queue:Queue", "RotationEventsDelayedQueue")
    expect(JSON.parse(String(redrivePolicy))).toEqual({ deadLetterTargetArn: queue, maxReceiveCount: 10 })
  })

  test("lets the function find and clear, and neither read nor open a connection", () => {
    const statements = statementsOf(stage.resources, "rotationEvents")
    const may = (action: string) =>
      statements.filter(({ actions }) => actions.includes(action)).flatMap(({ resources }) => resources)
    expect(may("dynamodb:Query")).toEqual([expect.stringMatching(/ConnectionData.*\/index\/byAccount$/)])
    expect(may("dynamodb:UpdateItem")).toEqual([expect.stringMatching(/ConnectionData[^/]*$/)])
    const actions = statements.flatMap(({ actions }) => actions)
    expect(actions.filter((action) => /^(kms|sts):|GetItem|Scan/.test(action))).toEqual([])
  })

  test("is found by an index that nobody else may query, and that holds nothing to be opened", () => {
    const { globalSecondaryIndexes } = stage.only("aws:dynamodb/table:Table", "ConnectionDataTable")
    expect(globalSecondaryIndexes).toMatchObject([
      { name: "byAccount", projectionType: "INCLUDE", nonKeyAttributes: ["providerId", "clearedAt"] },
    ])
    const readers = stage.plan.functions.filter(({ permissions }) =>
      permissions.some(({ resources }) => resources.some((arn) => arn.includes("index/byAccount"))),
    )
    expect(readers.map(({ operation }) => operation)).toEqual(["rotationEvents"])
  })
})

describe("the audit's event bus", () => {
  test("is fed by the table's stream: no function may put an event, nor waits for one", () => {
    const { source, target } = stage.only("aws:pipes/pipe:Pipe")
    expect(source).toMatch(/AuditData.*\/stream\//)
    expect(target).toMatch(/:event-bus\/latchkey-full-audit$/)
    const actions = stage.plan.functions.flatMap(({ permissions }) =>
      permissions.flatMap(({ actions }) => actions),
    )
    expect(actions.filter((action) => action.startsWith("events:"))).toEqual([])
    for (const one of stage.plan.functions) expect(one.environment.join()).not.toMatch(/BUS|EVENT/)
  })

  test("gets each record once it is stored; what fails is tried again, at last alone, and then kept", () => {
    const { sourceParameters } = stage.only("aws:pipes/pipe:Pipe")
    expect(sourceParameters).toMatchObject({
      dynamodbStreamParameters: {
        startingPosition: "TRIM_HORIZON",
        onPartialBatchItemFailure: "AUTOMATIC_BISECT",
        deadLetterConfig: { arn: expect.stringContaining("AuditEventsFailed") },
      },
      filterCriteria: { filters: [{ pattern: '{"eventName":["INSERT"]}' }] },
    })
  })

  test("is written to by a pipe that may read this stream, put to this bus, and keep what fails", () => {
    const { inlinePolicies, assumeRolePolicy } = stage.only("aws:iam/role:Role", "AuditPipeRole")
    const [{ policy = "" } = {}] = inlinePolicies as { policy: string }[]
    const statements: { actions: string[]; resources: string[] }[] = JSON.parse(policy).statements
    expect(statements.map(({ actions, resources }) => [actions.length, resources.length])).toEqual([
      [3, 1],
      [1, 1],
      [1, 1],
    ])
    expect(JSON.stringify(statements)).not.toContain("*")
    expect(JSON.parse(String(assumeRolePolicy)).statements[0].conditions).toMatchObject([
      { variable: "aws:SourceAccount", values: ["123456789012"] },
    ])
  })
})
