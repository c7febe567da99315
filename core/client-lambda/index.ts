import type { LambdaClient, LambdaServiceException } from "@aws-sdk/client-lambda"
import { isProblem, LatchkeyProblem, UnexpectedReply } from "../client/problem.ts"
import type { Resolution } from "../contract/operations/resolve.ts"
import type { DirectPayloadInput, DirectReply } from "../contract/resolve-direct.ts"
import { upstreamCode } from "../errors.ts"

export { LatchkeyProblem, UnexpectedReply } from "../client/problem.ts"
export type { Resolution } from "../contract/operations/resolve.ts"
export type { DirectPayloadInput as ResolveInput } from "../contract/resolve-direct.ts"

export interface LambdaClientOptions {
  /** Name or ARN of the deployment's `resolve-direct` function. */
  functionName: string
  /** The alias that the deployment gave to this caller; calls without one are refused. May be part of `functionName`. */
  qualifier?: string
  /** @default one for the environment's region and credentials, made on first use */
  lambda?: LambdaClient
}

export interface DirectClient {
  /**
   * Resolves a value by direct invocation: no API, no token, who may call is settled by IAM.
   * @throws LatchkeyProblem for what Latchkey answers instead of a result, UnexpectedReply for a crash and for what Lambda
   *   refuses, what the SDK throws where there is no answer
   */
  resolve(input: DirectPayloadInput, options?: { signal?: AbortSignal }): Promise<Resolution>
}

/** A client for other Lambda functions of the account. Needs `lambda:InvokeFunction` on the alias, and nothing else. */
export function createLambdaClient({ functionName, qualifier, lambda }: LambdaClientOptions): DirectClient {
  let connected = lambda
  return {
    async resolve(input, { signal } = {}) {
      const { InvokeCommand, LambdaClient } = await import("@aws-sdk/client-lambda")
      connected ??= new LambdaClient({})
      const { FunctionError, Payload } = await connected
        .send(
          new InvokeCommand({
            FunctionName: functionName,
            ...(qualifier !== undefined && { Qualifier: qualifier }),
            InvocationType: "RequestResponse",
            Payload: new TextEncoder().encode(JSON.stringify(input)),
          }),
          { ...(signal && { abortSignal: signal }) },
        )
        .catch(notInvoked)
      // What a crashed function leaves as its payload may hold anything: it is not repeated.
      if (FunctionError !== undefined)
        throw new UnexpectedReply("resolve-direct crashed or ran out of time: its log in CloudWatch says why")
      return answer(parse(Payload))
    },
  }
}

/** The SDK's error about an answer holds that, and behind it the request with the session's token: it goes no further. */
function notInvoked(error: Partial<LambdaServiceException>): never {
  const { name, $response } = error
  if ($response === undefined) throw error
  throw new UnexpectedReply(
    `Lambda answered ${upstreamCode(name) ?? "an error"}: check functionName and qualifier, and that the role may invoke them`,
    $response.statusCode,
  )
}

function answer(reply: Partial<DirectReply> | undefined): Resolution {
  if (reply?.ok === true && reply.references !== undefined && reply.value !== undefined)
    return { value: reply.value, references: reply.references }
  if (reply?.ok === false && isProblem(reply.error)) throw new LatchkeyProblem(reply.error)
  throw new UnexpectedReply("the function answered something else than a resolution: check functionName")
}

function parse(payload: Uint8Array | undefined): Partial<DirectReply> | undefined {
  try {
    const reply: unknown = JSON.parse(new TextDecoder().decode(payload))
    return typeof reply === "object" && reply !== null ? reply : undefined
  } catch {
    return undefined
  }
}
