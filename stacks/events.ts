import { awsEvents } from "../core/contract/aws-events.ts"
import type { StageSettings } from "./config.ts"

/** For events about changed secrets that could not be delivered or acted on. */
export function createEventsNotTaken(): sst.aws.Queue {
  return new sst.aws.Queue("RotationEventsFailed", {
    transform: { queue: { messageRetentionSeconds: 1_209_600, sqsManagedSseEnabled: true } },
  })
}

/**
 * What AWS tells about changed secrets, to the function that clears caches: of this account by its default bus, of the
 * accounts that the settings name by a bus of its own.
 * @returns the bus that those accounts send to, where there are any
 */
export function createRotationEvents(
  { rotation }: StageSettings,
  fn: sst.aws.Function,
  notTaken: sst.aws.Queue,
): aws.cloudwatch.EventBus | undefined {
  const rules = [createRule("SecretChanged", changes)]
  const bus = rotation.accounts.length > 0 ? createBus(rotation.accounts) : undefined
  if (bus) rules.push(createRule("SecretChangedAbroad", { account: rotation.accounts, ...changes }, bus))

  new aws.lambda.FunctionEventInvokeConfig("RotationEventsRetries", {
    functionName: fn.name,
    maximumEventAgeInSeconds: 21_600,
    maximumRetryAttempts: 2,
    destinationConfig: { onFailure: { destination: notTaken.arn } },
  })
  allowDelivery(notTaken, rules)
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
      arn: fn.arn,
      deadLetterConfig: { arn: notTaken.arn },
    })
    new aws.lambda.Permission(`${name}Permission`, {
      action: "lambda:InvokeFunction",
      function: fn.name,
      principal: "events.amazonaws.com",
      sourceArn: rule.arn,
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

function allowDelivery(queue: sst.aws.Queue, rules: readonly aws.cloudwatch.EventRule[]): void {
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
  new aws.sqs.QueuePolicy("RotationEventsFailedPolicy", {
    queueUrl: queue.url,
    policy: policy.json,
  })
}
