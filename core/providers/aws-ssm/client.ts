import { ProviderError } from "../../errors.ts"
import type { HttpClient } from "../../network/http.ts"
import { namedError } from "../aws/answers.ts"
import { checkAws } from "../aws/check.ts"
import type { AwsConfig } from "../aws/config.ts"
import type { AwsCredentials } from "../aws/deployment.ts"
import { endpointOf, identityOf, renewalOf } from "../aws/identity.ts"
import { sessionPolicyOf } from "../aws/session-policy.ts"
import { ask, clientSettings } from "../aws/transport.ts"
import { forEachParallel } from "../parallel.ts"
import type { FetchResult, ProviderClient, ProviderDeps } from "../provider.ts"
import { fetchRenewing } from "../renewing.ts"

export type ParameterStoreConfig = AwsConfig & { probeParameter?: string }

/** The most that `GetParameters` takes. */
const batchSize = 10
const concurrency = 8
const operation = "read parameters"

export function openParameterStore(config: ParameterStoreConfig, deps: ProviderDeps): ProviderClient {
  const { sessions, clock, aws = {} } = deps
  const { region, probeParameter } = config
  const http = deps.http({})
  const identity = identityOf(config, { ...deps, http }, sessionPolicyOf("ssm", region))

  function read(documents: readonly string[], credentials: AwsCredentials, signal: AbortSignal) {
    const endpoint = endpointOf("ssm", config, aws)
    return readParameters({ get: parametersOver({ http, region, endpoint, credentials }), documents, signal })
  }

  return {
    fetch: (documents, signal) =>
      fetchRenewing({
        ...renewalOf({ identity, sessions, signal }),
        documents,
        read: (some, session) => read(some, identity.credentialsOf(session), signal),
        signal,
      }),

    check: (signal) =>
      checkAws({
        config,
        http,
        identity,
        stsEndpoint: () => endpointOf("sts", config, aws),
        ...(probeParameter === undefined
          ? {}
          : {
              async probe(credentials) {
                const result = (await read([probeParameter], credentials, signal)).get(probeParameter)
                if (result && !result.ok) throw result.error
              },
            }),
        clock,
        signal,
      }),
  }
}

interface Parameter {
  name: string
  arn: string
  /** `:3`, or nothing. */
  selector: string
  value: string
  version?: string
}

/** The parameters of these names that there are. @throws ProviderError for all where one is denied */
type GetParameters = (names: readonly string[], signal: AbortSignal) => Promise<Parameter[]>

function parametersOver(settings: {
  http: HttpClient
  region: string
  endpoint: string
  credentials: AwsCredentials
}): GetParameters {
  const load = async () => {
    const { SSMClient, GetParametersCommand } = await import("@aws-sdk/client-ssm")
    return { client: new SSMClient(clientSettings(settings)), GetParametersCommand }
  }
  let loading: ReturnType<typeof load> | undefined
  return async (names, signal) => {
    loading ??= load()
    const { client, GetParametersCommand } = await loading
    const command = new GetParametersCommand({ Names: [...names], WithDecryption: true })
    const { Parameters = [] } = await ask((options) => client.send(command, options), { operation, signal })
    return Parameters.flatMap(({ Name = "", ARN = "", Selector = "", Value, Version }) =>
      Value === undefined
        ? []
        : {
            name: Name,
            arn: ARN,
            selector: Selector,
            value: Value,
            ...(Version && { version: `${Version}` }),
          },
    )
  }
}

/**
 * Reads parameters, ten in a call. AWS refuses the whole call where one of them is denied or malformed: those are then
 * read one by one, so that each has an answer of its own.
 */
async function readParameters({
  get,
  documents,
  signal,
}: {
  get: GetParameters
  documents: readonly string[]
  signal: AbortSignal
}): Promise<Map<string, FetchResult>> {
  const results = new Map<string, FetchResult>()

  async function readMany(names: readonly string[]): Promise<void> {
    try {
      const found = await get(names, signal)
      for (const name of names) {
        const parameter = names.length === 1 ? found[0] : found.find((one) => isCalled(one, name))
        results.set(name, parameter ? resultOf(parameter) : { ok: false, error: missing() })
      }
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof ProviderError)) throw error
      const shared = names.length === 1 || !["PERMISSION_DENIED", "INVALID_PATH"].includes(error.reason)
      if (shared) for (const name of names) results.set(name, { ok: false, error })
    }
  }

  const batches = Array.from({ length: Math.ceil(documents.length / batchSize) }, (_, index) =>
    documents.slice(index * batchSize, (index + 1) * batchSize),
  )
  await forEachParallel(batches, concurrency, readMany)
  const left = documents.filter((document) => !results.has(document))
  await forEachParallel(left, concurrency, (document) => readMany([document]))
  return results
}

/** AWS gives the selector apart from the name, and some parameters by their ARN. */
function isCalled({ name, arn, selector }: Parameter, asked: string): boolean {
  return asked === name + selector || asked === arn + selector
}

const resultOf = ({ value, version }: Parameter): FetchResult => ({
  ok: true,
  content: { value },
  ...(version === undefined ? {} : { version }),
})

const missing = () => namedError("ParameterNotFound", operation)
