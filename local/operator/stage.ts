import { DynamoDBClient } from "@aws-sdk/client-dynamodb"
import {
  GetFunctionConfigurationCommand,
  LambdaClient,
  ResourceNotFoundException,
} from "@aws-sdk/client-lambda"
import type { AuditMode } from "../../core/audit/audit.ts"
import { readEnvironment } from "../../functions/environment.ts"
import { settingsOf } from "../../stacks/config.ts"
import { functionName } from "../../stacks/function-names.ts"
import { SandboxError } from "../sandbox-error.ts"

/** What an operator's command needs of a deployed stage, reached by the operator's own rights. */
export interface Stage {
  region: string | undefined
  dynamodb: DynamoDBClient
  table: string
  keyId: string
  audit: { table: string; mode: AuditMode; retentionDays: number }
}

/** A function that is told of the tables and the key, and of no secret: looking it up shows none. */
const teller = "audit"

/**
 * Finds a stage by one of its functions, whose name is known, in the account and region of the operator's credentials.
 * @throws SandboxError where there is no such stage, or it cannot be looked up
 */
export async function openStage(name: string): Promise<Stage> {
  const region = regionOf(name)
  const where = region === undefined ? {} : { region }
  const { tables, kmsKeyId, audit } = readEnvironment(await variablesOf(functionName(name, teller), where))
  if (tables.connections === undefined || tables.audit === undefined || kmsKeyId === undefined)
    throw new SandboxError(`stage ${name} is of another version; deploy it again first.`)
  return {
    region,
    dynamodb: new DynamoDBClient(where),
    table: tables.connections,
    keyId: kmsKeyId,
    audit: { table: tables.audit, ...audit },
  }
}

function regionOf(name: string): string | undefined {
  try {
    return settingsOf(name).region
  } catch (cause) {
    throw new SandboxError((cause as Error).message, { cause })
  }
}

async function variablesOf(fn: string, where: { region?: string }): Promise<Record<string, string>> {
  const lambda = new LambdaClient(where)
  try {
    const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: fn }))
    return Environment?.Variables ?? {}
  } catch (cause) {
    const reason =
      cause instanceof ResourceNotFoundException
        ? "there is no such function"
        : `AWS answered ${cause instanceof Error ? cause.name : "an error"}`
    throw new SandboxError(
      `${fn} could not be looked up: ${reason}. Check the stage's name, and that your AWS credentials and region are the stage's.`,
      { cause },
    )
  } finally {
    lambda.destroy()
  }
}
