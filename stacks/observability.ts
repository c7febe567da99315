import { providerIds } from "../core/contract/shapes/connection.ts"
import type { StageSettings } from "./config.ts"
import type { Functions } from "./functions.ts"

interface Observed {
  stage: string
  settings: StageSettings
  api: sst.aws.ApiGatewayV1
  functions: Functions
  /** Of audit records that the bus did not take. */
  failedEvents: sst.aws.Queue | undefined
  /** Of events about rotated secrets that could not be acted on. */
  eventsNotTaken: sst.aws.Queue
}

const namespace = "Latchkey"
const minutes5 = 300

/** A dashboard, alarms, and the topic they are told to. */
export function createObservability(observed: Observed): sst.aws.SnsTopic {
  const { settings, stage } = observed
  const topic = new sst.aws.SnsTopic("Alarms")
  settings.alarms.emails.forEach((endpoint, index) => {
    new aws.sns.TopicSubscription(`AlarmsEmail${index}`, { topic: topic.arn, protocol: "email", endpoint })
  })
  if (settings.alarms.enabled) createAlarms(observed, topic)
  createDashboard(observed, stage)
  return topic
}

function createAlarms(
  { stage, settings, api, functions, failedEvents, eventsNotTaken }: Observed,
  topic: sst.aws.SnsTopic,
): void {
  const { errorPercent, p99Ms } = settings.alarms
  const ofApi = { ApiName: api.nodes.api.name, Stage: stage }
  const service = { service: `latchkey-${stage}` }

  const alarm = (
    name: string,
    alarmDescription: string,
    args: Omit<aws.cloudwatch.MetricAlarmArgs, "comparisonOperator" | "evaluationPeriods">,
    { periods = 1 } = {},
  ) =>
    new aws.cloudwatch.MetricAlarm(`Alarm${name}`, {
      name: `latchkey-${stage}-${name}`,
      alarmDescription,
      comparisonOperator: "GreaterThanThreshold",
      evaluationPeriods: periods,
      // No requests are no alarm.
      treatMissingData: "notBreaching",
      alarmActions: [topic.arn],
      okActions: [topic.arn],
      ...args,
    })
  /** Of one of our own metrics: any at all within five minutes. */
  const counted = (
    name: string,
    metricName: string,
    description: string,
    dimensions: Record<string, string> = {},
  ) =>
    alarm(name, description, {
      namespace,
      metricName,
      dimensions: { ...service, ...dimensions },
      statistic: "Sum",
      period: minutes5,
      threshold: 0,
    })

  alarm(
    "Errors",
    "Requests end in 5xx. Look for `request failed` in the functions' logs.",
    {
      namespace: "AWS/ApiGateway",
      metricName: "5XXError",
      dimensions: ofApi,
      statistic: "Average",
      period: minutes5,
      threshold: errorPercent / 100,
    },
    { periods: 2 },
  )
  alarm(
    "Latency",
    "One request in a hundred takes long. Look at the secret managers' latency and at cold starts on the dashboard.",
    {
      namespace: "AWS/ApiGateway",
      metricName: "Latency",
      dimensions: ofApi,
      extendedStatistic: "p99",
      period: minutes5,
      threshold: p99Ms,
    },
    { periods: 3 },
  )
  for (const id of ["resolve", "resolveDirect", "authorizer"] as const)
    alarm(
      `Throttles-${id}`,
      "Lambda turns requests away. Raise the function's reserved concurrency, or the account's.",
      {
        namespace: "AWS/Lambda",
        metricName: "Throttles",
        dimensions: { FunctionName: functions[id].name },
        statistic: "Sum",
        period: minutes5,
        threshold: 0,
      },
    )
  alarm("DirectErrors", "Direct invocations crash or run out of time.", {
    namespace: "AWS/Lambda",
    metricName: "Errors",
    dimensions: { FunctionName: functions.resolveDirect.name },
    statistic: "Sum",
    period: minutes5,
    threshold: 0,
  })
  counted(
    "AuditFailed",
    "AuditFailed",
    "Audit records could not be stored: requests are refused, or go unrecorded.",
  )
  counted("DenialNotRecorded", "DenialNotRecorded", "A denied attempt could not be recorded.")
  counted(
    "RedisDegraded",
    "RedisDegraded",
    "Redis does not answer: secrets come from memory or from the secret managers.",
  )
  counted(
    "KmsFailed",
    "KmsFailed",
    "KMS does not answer, or refuses. Keys that are open go on serving for up to an hour; then requests end in 503.",
  )
  for (const provider of providerIds)
    counted(
      `BreakerOpened-${provider}`,
      "BreakerOpened",
      `Connections to ${provider} fail again and again and are left alone for a while.`,
      {
        provider,
      },
    )
  const kept = (name: string, queue: sst.aws.Queue, description: string) =>
    alarm(name, description, {
      namespace: "AWS/SQS",
      metricName: "ApproximateNumberOfMessagesVisible",
      dimensions: { QueueName: queue.nodes.queue.name },
      statistic: "Maximum",
      period: minutes5,
      threshold: 0,
    })
  if (failedEvents)
    kept(
      "AuditEventsFailed",
      failedEvents,
      "Audit records did not reach the event bus. They are in the table; the queue says which of its stream.",
    )
  kept(
    "RotationEventsFailed",
    eventsNotTaken,
    "Caches were not cleared by an event about a changed secret. The events are in the queue for 14 days.",
  )
}

function createDashboard({ api, functions }: Observed, stage: string): void {
  const region = aws.getRegionOutput().region
  const widgets = $util
    .all([api.nodes.api.name, region, functions.resolve.name, functions.resolveDirect.name])
    .apply(([apiName, region, resolve, direct]) => {
      const service = ["service", `latchkey-${stage}`]
      const ofApi = (metric: string, options: object = {}) => [
        "AWS/ApiGateway",
        metric,
        "ApiName",
        apiName,
        "Stage",
        stage,
        options,
      ]
      const ofFunction = (metric: string, name: string, options: object = {}) => [
        "AWS/Lambda",
        metric,
        "FunctionName",
        name,
        options,
      ]
      const own = (metric: string, ...dimensions: string[]) => [namespace, metric, ...service, ...dimensions]
      /** Whatever values these dimensions have come to have. */
      const search = (metric: string, ...dimensions: string[]) => [
        {
          expression: `SEARCH('{${[namespace, "service", ...dimensions]}} MetricName="${metric}" service="latchkey-${stage}"', 'Sum', 60)`,
        },
      ]
      return [
        graph("Requests", [ofApi("Count"), ofApi("4XXError"), ofApi("5XXError")], "Sum"),
        graph("Latency, ms", [ofApi("Latency", { stat: "p50" }), ofApi("Latency", { stat: "p99" })], "p99"),
        graph(
          "Resolves",
          [resolve, direct].flatMap((name) => [
            ofFunction("Invocations", name),
            ofFunction("Throttles", name),
            ofFunction("Errors", name),
          ]),
          "Sum",
        ),
        graph(
          "Instances at once",
          [resolve, direct].map((name) => ofFunction("ConcurrentExecutions", name)),
          "Maximum",
        ),
        graph(
          "References, by where their values came from",
          ["FromMemory", "FromCache", "Fetched", "Stale", "Failed"].map((source) =>
            own(`References${source}`),
          ),
          "Sum",
        ),
        graph(
          "Secret managers, p99 ms",
          providerIds.map((provider) => own("ProviderLatency", "provider", provider, "outcome", "ok")),
          "p99",
        ),
        graph("Fetches, by how they ended", [search("ProviderFetch", "provider", "outcome")], "Sum"),
        graph("Calls to KMS", [own("KmsCall"), own("KmsFailed")], "Sum"),
        graph(
          "Logins at secret managers",
          providerIds.map((provider) => own("ProviderLogin", "provider", provider)),
          "Sum",
        ),
        graph(
          "Trouble",
          [own("AuditFailed"), own("DenialNotRecorded"), own("UsageFailed"), own("RedisDegraded")],
          "Sum",
        ),
        graph(
          "Breakers opened",
          providerIds.map((provider) => own("BreakerOpened", "provider", provider)),
          "Sum",
        ),
      ].map((properties, index) => ({
        type: "metric",
        x: (index % 2) * 12,
        y: Math.floor(index / 2) * 6,
        width: 12,
        height: 6,
        properties: { ...properties, region },
      }))
    })
  new aws.cloudwatch.Dashboard("Dashboard", {
    dashboardName: `latchkey-${stage}`,
    dashboardBody: widgets.apply((list) => JSON.stringify({ widgets: list })),
  })
}

const graph = (title: string, metrics: unknown[], stat: string) => ({ title, metrics, stat, period: 60 })
