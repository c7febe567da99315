import type { APIGatewayAuthorizerResult } from "aws-lambda"
import { contextFromPrincipal } from "../core/auth/access.ts"
import { bearerToken, type TokenVerifier } from "../core/auth/token.ts"
import { LatchkeyError } from "../core/errors.ts"
import { newRequestId } from "../core/ids.ts"
import { getTokenVerifier } from "./app.ts"
import { type ApiEvent, asApiEvent, headerOf } from "./chain/api-event.ts"
import { errorFields, type Log } from "./chain/log.ts"
import { log } from "./chain/telemetry.ts"

interface AuthorizerDeps {
  getVerifier: () => Promise<TokenVerifier>
  log: Log
}

/**
 * A REST API's request authorizer. API Gateway remembers the answer by the `Authorization` header alone and uses it for
 * every route, so the policy allows the whole stage, and each function decides by the principal in its context.
 *
 * Rejects with exactly `Unauthorized` for a missing or refused token, which API Gateway answers with 401; with anything
 * else, for it to answer that authorization failed on our side.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
 */
export function createAuthorizer({ getVerifier, log }: AuthorizerDeps) {
  return async (event: unknown): Promise<APIGatewayAuthorizerResult> => {
    const request = asApiEvent(event)
    try {
      const verifier = await getVerifier()
      const principal = await verifier.verify(bearerToken(authorization(request)))
      return {
        // API Gateway puts it between quotes into its access log, and nowhere says that it escapes it.
        principalId: JSON.stringify(principal.subject).slice(1, -1),
        policyDocument: {
          Version: "2012-10-17",
          Statement: [{ Action: "execute-api:Invoke", Effect: "Allow", Resource: wholeStage(event) }],
        },
        context: contextFromPrincipal(principal),
      }
    } catch (error) {
      throw refusal(error, log)
    }
  }
}

export const handler = createAuthorizer({ getVerifier: getTokenVerifier, log })

/** The header's value. Sent twice it is none: what is verified must be what the answer is remembered by. */
function authorization(request: ApiEvent): string | undefined {
  for (const [name, values] of Object.entries(request.multiValueHeaders ?? {}))
    if (name.toLowerCase() === "authorization" && values !== undefined && values.length > 1) return undefined
  return headerOf(request, "authorization")
}

/** From `arn:aws:execute-api:<region>:<account>:<api>/<stage>/<method>/<path>`, every method and path of that stage. */
function wholeStage(event: unknown): string {
  const { methodArn } = event as { methodArn?: unknown }
  const stage = typeof methodArn === "string" ? /^arn:[^/]+\/[^/]+\//.exec(methodArn)?.[0] : undefined
  if (stage === undefined) throw new Error("The event is not a request authorizer's.")
  return `${stage}*/*`
}

function refusal(error: unknown, log: Log): Error {
  const requestId = newRequestId()
  if (error instanceof LatchkeyError && error.code === "AUTHENTICATION") {
    // The verifier's messages are sentences of ours that say which claim is wrong and quote nothing of the token. The
    // caller cannot be shown them here, so this line is all that an integrator has to go by.
    log.info(error.message, { requestId, operation: "authorizer", code: error.code })
    return new Error("Unauthorized")
  }
  log.error("authorization failed", { requestId, operation: "authorizer", ...errorFields(error) })
  return new Error("Authorization failed")
}
