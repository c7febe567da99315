import type { HttpClient } from "../../network/http.ts"
import type { AwsCredentials } from "../aws/deployment.ts"
import { ask, clientSettings, listed, nextOf, textOf } from "../aws/transport.ts"

/** The most that `GetParameters` takes. */
export const batchSize = 10

export interface Parameter {
  name: string
  arn: string
  /** `:3`, or nothing. */
  selector: string
  value: string
  version?: string
}

/** What is read of Parameter Store, with one set of credentials. @throws ProviderError */
export interface ParameterStore {
  /** The parameters of at most ten names, decrypted, and the names that AWS says are none. For all an error where one is denied. */
  get(
    names: readonly string[],
    signal: AbortSignal,
  ): Promise<{ found: Parameter[]; invalid: readonly string[] }>
  /** Names that begin so, in no order. Never a value, as `GetParametersByPath` would give. */
  list(
    prefix: string,
    next: string | undefined,
    signal: AbortSignal,
  ): Promise<{ names: string[]; next?: string }>
}

export function parameterStoreOver(settings: {
  http: HttpClient
  region: string
  endpoint: string
  credentials: AwsCredentials
}): ParameterStore {
  const load = async () => {
    const { SSMClient, ...commands } = await import("@aws-sdk/client-ssm")
    return { ...commands, client: new SSMClient(clientSettings(settings)) }
  }
  let loading: ReturnType<typeof load> | undefined
  const sdk = () => {
    loading ??= load()
    return loading
  }
  return {
    async get(names, signal) {
      const { client, GetParametersCommand } = await sdk()
      const command = new GetParametersCommand({ Names: [...names], WithDecryption: true })
      const asking = { operation: "read parameters", thing: "parameter", signal } as const
      const { Parameters, InvalidParameters } = await ask((options) => client.send(command, options), asking)
      const found = listed(Parameters).flatMap(({ Name, ARN, Selector, Value, Version }) => {
        const value = textOf(Value)
        if (value === undefined) return []
        return {
          name: textOf(Name) ?? "",
          arn: textOf(ARN) ?? "",
          selector: textOf(Selector) ?? "",
          value,
          ...(typeof Version === "number" && { version: `${Version}` }),
        }
      })
      return { found, invalid: Array.isArray(InvalidParameters) ? InvalidParameters : [] }
    },

    async list(prefix, next, signal) {
      const { client, DescribeParametersCommand } = await sdk()
      const command = new DescribeParametersCommand({
        MaxResults: 50,
        ...(prefix && { ParameterFilters: [{ Key: "Name", Option: "BeginsWith", Values: [prefix] }] }),
        ...(next === undefined ? {} : { NextToken: next }),
      })
      const asking = { operation: "list parameters", thing: "parameter", signal } as const
      const { Parameters, NextToken } = await ask((options) => client.send(command, options), asking)
      return {
        names: listed(Parameters).flatMap(({ Name }) => textOf(Name) ?? []),
        ...nextOf(NextToken),
      }
    },
  }
}
