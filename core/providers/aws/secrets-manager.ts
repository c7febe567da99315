import type { SecretValueEntry } from "@aws-sdk/client-secrets-manager"
import { ProviderError } from "../../errors.ts"
import type { HttpClient, Phase } from "../../network/http.ts"
import type { AwsCredentials } from "./deployment.ts"
import type { SecretContent, SecretVersion } from "./path.ts"
import { ask, clientSettings, listed, nextOf, textOf } from "./transport.ts"

/** The most secrets that `BatchGetSecretValue` takes in one call. */
export const batchSize = 20

export interface FoundSecret {
  name: string
  arn: string
  content: SecretContent
  version?: string
}

/** What is read of Secrets Manager, with one set of credentials. @throws ProviderError */
export interface SecretsManager {
  get(secret: SecretVersion, signal: AbortSignal): Promise<FoundSecret>
  /** The current versions of at most twenty. What is neither found nor failed comes with `next`, or was not asked for. */
  getMany(
    ids: readonly string[],
    next: string | undefined,
    signal: AbortSignal,
  ): Promise<{ found: FoundSecret[]; failed: { id: string; code: string }[]; next?: string }>
  /** @throws ProviderError `DELETED` too, where it is scheduled for deletion */
  describe(id: string, signal: AbortSignal): Promise<void>
  /** Names that begin so, in order. */
  list(
    prefix: string,
    next: string | undefined,
    signal: AbortSignal,
  ): Promise<{ names: string[]; next?: string }>
}

export function secretsManagerOver(options: {
  http: HttpClient
  region: string
  endpoint: string
  credentials: AwsCredentials
  onPhase?: (phase: Phase) => void
}): SecretsManager {
  const { onPhase } = options
  const phases = onPhase ? { onPhase } : {}
  let loading: ReturnType<typeof load> | undefined
  const sdk = () => {
    loading ??= load(options)
    return loading
  }
  return {
    async get({ id, version, stage }, signal) {
      const { client, GetSecretValueCommand } = await sdk()
      const command = new GetSecretValueCommand({
        SecretId: id,
        ...(version === undefined ? {} : { VersionId: version }),
        ...(stage === undefined ? {} : { VersionStage: stage }),
      })
      const asking = { operation: "read the secret", signal, ...phases }
      return foundIn(await ask((options) => client.send(command, options), asking))
    },

    async getMany(ids, next, signal) {
      const { client, BatchGetSecretValueCommand } = await sdk()
      const command = new BatchGetSecretValueCommand({
        SecretIdList: [...ids],
        ...(next === undefined ? {} : { NextToken: next }),
      })
      const asking = { operation: "read several secrets", signal, yields: true, ...phases }
      const { SecretValues, Errors, NextToken } = await ask(
        (options) => client.send(command, options),
        asking,
      )
      return {
        found: listed(SecretValues).map(foundIn),
        failed: listed(Errors).map(({ SecretId, ErrorCode }) => ({
          id: textOf(SecretId) ?? "",
          code: textOf(ErrorCode) ?? "",
        })),
        ...nextOf(NextToken),
      }
    },

    async describe(id, signal) {
      const { client, DescribeSecretCommand } = await sdk()
      const asking = { operation: "describe the secret", signal, ...phases }
      const { DeletedDate } = await ask(
        (options) => client.send(new DescribeSecretCommand({ SecretId: id }), options),
        asking,
      )
      if (DeletedDate) throw new ProviderError("DELETED", "The secret is scheduled for deletion. Restore it.")
    },

    async list(prefix, next, signal) {
      const { client, ListSecretsCommand } = await sdk()
      const command = new ListSecretsCommand({
        MaxResults: 100,
        SortBy: "name",
        SortOrder: "asc",
        ...(prefix === "" ? {} : { Filters: [{ Key: "name", Values: [prefix] }] }),
        ...(next === undefined ? {} : { NextToken: next }),
      })
      const asking = { operation: "list secrets", signal, ...phases }
      const { SecretList, NextToken } = await ask((options) => client.send(command, options), asking)
      return {
        names: listed(SecretList).flatMap(({ Name }) => textOf(Name) ?? []),
        ...nextOf(NextToken),
      }
    },
  }
}

async function load({ http, region, endpoint, credentials }: Parameters<typeof secretsManagerOver>[0]) {
  const { SecretsManagerClient, ...commands } = await import("@aws-sdk/client-secrets-manager")
  return {
    ...commands,
    client: new SecretsManagerClient(clientSettings({ http, region, endpoint, credentials })),
  }
}

function foundIn({ ARN, Name, VersionId, SecretString, SecretBinary }: SecretValueEntry): FoundSecret {
  const string = textOf(SecretString)
  const content =
    string !== undefined
      ? { string }
      : SecretBinary instanceof Uint8Array && { binary: Buffer.from(SecretBinary).toString("base64") }
  if (!content) {
    throw new ProviderError(
      "PROVIDER_ERROR",
      "AWS answered without a value. Check `endpoint`, and try again.",
    )
  }
  const version = textOf(VersionId)
  return { name: textOf(Name) ?? "", arn: textOf(ARN) ?? "", content, ...(version && { version }) }
}
