import { awsEvents } from "../core/contract/aws-events.ts"
import type { StageSettings } from "./config.ts"

export interface RotationQueues {
  /** Keeps each event back for a while: what happens meanwhile is cleared at once. */
  events: sst.aws.Queue
  /** For those that could not be delivered or acted on. */
  failed: sst.aws.Queue
}

export function createRotationQueues(): RotationQueues {
  const transform = { queue: { messageRetentionSeconds: 1_209_600, sqsManagedSseEnabled: true } }
  const failed = new sst.aws.Queue("RotationEventsFailed", { transform })
  const events = new sst.aws.Queue("RotationEventsDelayed", {
    delay: `${awsEvents.delaySeconds} seconds`,
    // Six times the function's own, as Lambda advises. Each try takes as long: ten are half an hour.
    visibilityTimeout: "3 minutes",
    dlq: { queue: failed.arn, retry: 10 },
    transform,
  })
  return { events, failed }
}

/**
 * What AWS tells about changed secrets, by way of a queue to the function that clears caches: of this account by its default
 * bus, of the accounts that the settings name by a bus of its own.
 * @returns the bus that those accounts send to, where there are any
 */
export function createRotationEvents(
  { rotation }: StageSettings,
  fn: sst.aws.Function,
  { events, failed }: RotationQueues,
): aws.cloudwatch.EventBus | undefined {
  const rules = [createRule("SecretChanged", changes)]
  const bus = rotation.accounts.length > 0 ? createBus(rotation.accounts) : undefined
  if (bus) rules.push(createRule("SecretChangedAbroad", { account: rotation.accounts, ...changes }, bus))
  allowDelivery("RotationEventsDelayedPolicy", events, rules)
  allowDelivery("RotationEventsFailedPolicy", failed, rules)

  new aws.lambda.EventSourceMapping("RotationEventsSource", {
    eventSourceArn: events.arn,
    functionName: fn.name,
    batchSize: 100,
    maximumBatchingWindowInSeconds: 1,
    functionResponseTypes: ["ReportBatchItemFailures"],
    scalingConfig: { maximumConcurrency: 5 },
  })
  return bus

  function createRule(
    name: string,
    pattern: object,
    bus?: aws.cloudwatch.EventBus,
  ): aws.cloudwatch.EventRule {
    const rule = new aws.cloudwatch.EventRule(name, {
      description: `Latchkey ${$app.stage}: secrets that have changed`,
      ...(bus && { eventBusName: bus.name }),
      eventPattern: JSON.stringify(pattern),
    })
    new aws.cloudwatch.EventTarget(`${name}Target`, {
      rule: rule.name,
      ...(bus && { eventBusName: bus.name }),
      arn: events.arn,
      deadLetterConfig: { arn: failed.arn },
    })
    return rule
  }
}

const { secretsManager, parameterStore } = awsEvents

/** What the function would take, and nothing that it would ignore. docs/rotation.md shows it to other accounts. */
const changes = {
  $or: [
    ...Object.entries(secretsManager.names).map(([detailType, names]) => ({
      source: [secretsManager.source],
      "detail-type": [detailType],
      detail: {
        eventSource: [secretsManager.eventSource],
        eventName: names,
        errorCode: [{ exists: false }, null],
      },
    })),
    { source: [parameterStore.source], "detail-type": [parameterStore.detailType] },
  ],
}

/** Takes from these accounts only what AWS itself tells there: nobody else can send as `aws.`. */
function createBus(accounts: readonly string[]): aws.cloudwatch.EventBus {
  const bus = new aws.cloudwatch.EventBus("RotationBus", { name: `latchkey-${$app.stage}-rotation` })
  const policy = aws.iam.getPolicyDocumentOutput({
    statements: [
      {
        principals: [{ type: "AWS", identifiers: [...accounts] }],
        actions: ["events:PutEvents"],
        resources: [bus.arn],
        conditions: [
          {
            test: "StringEquals",
            variable: "events:source",
            values: [secretsManager.source, parameterStore.source],
          },
        ],
      },
    ],
  })
  new aws.cloudwatch.EventBusPolicy("RotationBusPolicy", { eventBusName: bus.name, policy: policy.json })
  return bus
}

function allowDelivery(name: string, queue: sst.aws.Queue, rules: readonly aws.cloudwatch.EventRule[]): void {
  const policy = aws.iam.getPolicyDocumentOutput({
    statements: [
      {
        principals: [{ type: "Service", identifiers: ["events.amazonaws.com"] }],
        actions: ["sqs:SendMessage"],
        resources: [queue.arn],
        conditions: [{ test: "ArnEquals", variable: "aws:SourceArn", values: rules.map(({ arn }) => arn) }],
      },
    ],
  })
  new aws.sqs.QueuePolicy(name, { queueUrl: queue.url, policy: policy.json })
}
