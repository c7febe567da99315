/**
 * Wraps every key of a deployed stage anew under the current version of its KMS key:
 *
 *     npm run rewrap -- --stage NAME [--dry-run] [--from-key ARN] [--after CURSOR]
 */
import { KMSClient } from "@aws-sdk/client-kms"
import { awsRewrapper } from "../../core/crypto/aws-rewrap.ts"
import { dynamoRecords } from "../../core/maintenance/dynamodb-records.ts"
import { type RewrapCounts, rewrap } from "../../core/maintenance/rewrap.ts"
import { failing } from "../options.ts"
import { commandOptions, walkTold } from "./command.ts"
import { openStage } from "./stage.ts"

const usage = "Usage: npm run rewrap -- --stage NAME [--dry-run] [--from-key ARN] [--after CURSOR]"

await failing(async () => {
  const options = commandOptions(process.argv.slice(2), usage, ["from-key"])
  const { dryRun, values } = options
  const { region, dynamodb, table, keyId } = await openStage(options.stage)
  const records = dynamoRecords({ client: dynamodb, table })
  const client = new KMSClient(region === undefined ? {} : { region })
  const rewrapper = awsRewrapper({ client, keyId, fromKeyId: values["from-key"] ?? keyId })

  const counts: RewrapCounts = { rewrapped: 0, overtaken: 0, unopened: [] }
  const done = await walkTold(
    options,
    (walking) => rewrap({ records, rewrapper }, counts, { ...walking, dryRun }),
    () => `${counts.rewrapped} keys ${dryRun ? "would be " : ""}wrapped anew`,
  )
  console.log(summary(counts, dryRun))
  if (!done || counts.unopened.length > 0) process.exitCode = 1
})

function summary({ rewrapped, overtaken, unopened }: RewrapCounts, dryRun: boolean): string {
  const lines = [
    `${rewrapped} keys ${dryRun ? "would be" : "were"} wrapped anew.`,
    ...(overtaken > 0 ? [`${overtaken} were changed meanwhile, and are under the current key already.`] : []),
  ]
  if (unopened.length > 0)
    lines.push(
      `${unopened.length} do not open under the key and place that they should have, and were left as they are:`,
      ...unopened.map(({ platformId, connectionId }) =>
        connectionId === undefined
          ? `  platform ${platformId}`
          : `  connection ${connectionId} of ${platformId}`,
      ),
    )
  return lines.join("\n")
}
