/**
 * Clears the cache of every platform of a deployed stage, as after a restore:
 *
 *     npm run clear-all -- --stage NAME [--dry-run] [--after CURSOR]
 */
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts"
import { createAudit } from "../../core/audit/audit.ts"
import { dynamoAuditStore } from "../../core/audit/dynamodb-audit.ts"
import { systemClock } from "../../core/clock.ts"
import { dynamoConnectionStore } from "../../core/connections/dynamodb-store.ts"
import { type ClearCounts, clearAll } from "../../core/maintenance/clear-all.ts"
import { dynamoRecords } from "../../core/maintenance/dynamodb-records.ts"
import { failing } from "../options.ts"
import { commandOptions, walkTold } from "./command.ts"
import { openStage } from "./stage.ts"

const usage = "Usage: npm run clear-all -- --stage NAME [--dry-run] [--after CURSOR]"

await failing(async () => {
  const options = commandOptions(process.argv.slice(2), usage)
  const { dryRun } = options
  const { region, dynamodb, table, audit } = await openStage(options.stage)
  const clock = systemClock
  const sts = new STSClient(region === undefined ? {} : { region })
  const { Arn: actor = "operator" } = await sts.send(new GetCallerIdentityCommand())
  const deps = {
    actor,
    records: dynamoRecords({ client: dynamodb, table }),
    store: dynamoConnectionStore({ client: dynamodb, table, clock }),
    audit: createAudit({
      store: dynamoAuditStore({ client: dynamodb, table: audit.table, retentionDays: audit.retentionDays }),
      mode: audit.mode,
      clock,
      metrics: { count() {}, time() {} },
    }),
  }

  const counts: ClearCounts = { cleared: 0 }
  const done = await walkTold(
    options,
    (walking) => clearAll(deps, counts, { ...walking, dryRun }),
    () => `${counts.cleared} platforms ${dryRun ? "would be " : ""}cleared`,
  )
  console.log(`${counts.cleared} platforms ${dryRun ? "would be" : "were"} cleared.`)
  if (!done) process.exitCode = 1
})
