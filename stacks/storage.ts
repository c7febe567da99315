import type { StageSettings } from "./config.ts"
import { type TableDefinition, type TableName, tables } from "./tables.ts"

export type Storage = ReturnType<typeof createStorage>

/** Three tables, and the key under which configurations and platforms' root keys are wrapped. */
export function createStorage({ protected: isProtected, audit }: StageSettings) {
  const table = (name: string, definition: TableDefinition, stream = false) =>
    new sst.aws.Dynamo(
      name,
      {
        fields: Object.fromEntries(
          ["pk", "sk", ...definition.indexes.flatMap(({ hash, range }) => [hash, range])].map((field) => [
            field,
            "string" as const,
          ]),
        ),
        primaryIndex: { hashKey: "pk", rangeKey: "sk" },
        globalIndexes: Object.fromEntries(
          definition.indexes.map(({ name, hash, range, holds }) => [
            name,
            { hashKey: hash, rangeKey: range, ...(holds && { projection: [...holds] }) },
          ]),
        ),
        ...(definition.expires !== undefined && { ttl: definition.expires }),
        ...(stream && { stream: "new-image" as const }),
        deletionProtection: isProtected,
        transform: { table: { serverSideEncryption: { enabled: true } } },
      },
      { retainOnDelete: isProtected },
    )

  const key = new aws.kms.Key(
    "Key",
    {
      description: `Latchkey ${$app.stage}: wraps the keys of configurations and of platforms`,
      enableKeyRotation: true,
      // The longest that KMS offers: what a deleted key wrapped is lost.
      deletionWindowInDays: 30,
    },
    { protect: isProtected, retainOnDelete: isProtected },
  )
  new aws.kms.Alias("KeyAlias", { name: `alias/latchkey-${$app.stage}`, targetKeyId: key.keyId })

  const names = {
    connections: table("ConnectionData", tables.connections),
    audit: table("AuditData", tables.audit, audit.events),
    usage: table("UsageData", tables.usage),
  } satisfies Record<TableName, unknown>
  return { tables: names, key }
}

/**
 * Every record of the audit onto an EventBridge bus, where a SIEM's rule picks it up: by the table's stream, so no request waits
 * for the bus or fails with it. Of what the bus does not take a queue says where in the stream it is; the table has it.
 * Deletions by age are not passed on.
 */
export function createAuditEvents({ tables }: Storage) {
  const stream = tables.audit.nodes.table.streamArn
  const bus = new aws.cloudwatch.EventBus("AuditBus", { name: `latchkey-${$app.stage}-audit` })
  const failed = new sst.aws.Queue("AuditEventsFailed", {
    transform: { queue: { messageRetentionSeconds: 1_209_600, sqsManagedSseEnabled: true } },
  })
  const policy = aws.iam.getPolicyDocumentOutput({
    statements: [
      {
        actions: ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
        resources: [stream],
      },
      { actions: ["events:PutEvents"], resources: [bus.arn] },
      { actions: ["sqs:SendMessage"], resources: [failed.arn] },
    ],
  })
  const role = new aws.iam.Role("AuditPipeRole", {
    assumeRolePolicy: aws.iam.getPolicyDocumentOutput({
      statements: [
        {
          actions: ["sts:AssumeRole"],
          principals: [{ type: "Service", identifiers: ["pipes.amazonaws.com"] }],
          // Of this account's pipes only: the service acts for others too.
          conditions: [
            {
              test: "StringEquals",
              variable: "aws:SourceAccount",
              values: [aws.getCallerIdentityOutput().accountId],
            },
          ],
        },
      ],
    }).json,
    inlinePolicies: [{ name: "pipe", policy: policy.json }],
  })
  new aws.pipes.Pipe("AuditPipe", {
    name: `latchkey-${$app.stage}-audit`,
    roleArn: role.arn,
    source: stream,
    sourceParameters: {
      dynamodbStreamParameters: {
        startingPosition: "TRIM_HORIZON",
        maximumBatchingWindowInSeconds: 5,
        maximumRetryAttempts: 20,
        // So that one record that the bus does not take keeps back no other.
        onPartialBatchItemFailure: "AUTOMATIC_BISECT",
        deadLetterConfig: { arn: failed.arn },
      },
      filterCriteria: { filters: [{ pattern: JSON.stringify({ eventName: ["INSERT"] }) }] },
    },
    target: bus.arn,
    targetParameters: {
      eventbridgeEventBusParameters: { source: `latchkey.${$app.stage}`, detailType: "Audit record" },
      inputTemplate: '{"record": <$.dynamodb.NewImage>}',
    },
  })
  return { bus, failed }
}
