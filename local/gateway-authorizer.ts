import type { APIGatewayRequestAuthorizerEvent, Context } from "aws-lambda"
import { LRUCache } from "lru-cache"
import * as z from "zod"
import type { Clock } from "../core/clock.ts"
import { LatchkeyError } from "../core/errors.ts"

export type AuthorizerHandler = (event: APIGatewayRequestAuthorizerEvent, context: Context) => unknown

export interface Authorizer {
  /**
   * Asks the authorizer function, or remembers what it said about the same `Authorization` header, and judges by the
   * policy it gave.
   * @returns the function's context, as strings, and `principalId`: what the operation's event carries
   * @throws LatchkeyError `AUTHENTICATION` without a header or where the function says so, `AUTHORIZATION` where the
   *   policy does not allow the method, `INTERNAL` where the function failed or answered what API Gateway cannot read
   */
  authorize(
    authorization: string | undefined,
    event: APIGatewayRequestAuthorizerEvent,
    context: Context,
  ): Promise<Record<string, string>>
}

const cacheMs = 60_000

const list = z.union([z.string(), z.array(z.string())]).transform((one) => [one].flat())

const answerSchema = z.object({
  principalId: z.string(),
  policyDocument: z.object({
    Statement: z.array(z.object({ Effect: z.enum(["Allow", "Deny"]), Action: list, Resource: list })),
  }),
  // API Gateway refuses objects and lists here, and turns the rest into strings.
  context: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String)).nullish(),
})

type Answer = z.infer<typeof answerSchema>

/**
 * A request authorizer with the identity source `Authorization`, as API Gateway runs it.
 * Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
 */
export function createAuthorizer(load: () => Promise<AuthorizerHandler>, clock: Clock): Authorizer {
  const remembered = new LRUCache<string, { answer: Answer; until: number }>({ max: 1000 })

  async function ask(authorization: string, event: APIGatewayRequestAuthorizerEvent, context: Context) {
    const known = remembered.get(authorization)
    if (known !== undefined && clock.now() < known.until) return known.answer
    const answer = answerSchema.safeParse(await run(await load(), event, context))
    if (!answer.success)
      throw new LatchkeyError("INTERNAL", "The authorizer's answer is not one that API Gateway can read.")
    remembered.set(authorization, { answer: answer.data, until: clock.now() + cacheMs })
    return answer.data
  }

  return {
    async authorize(authorization, event, context) {
      if (authorization === undefined || authorization === "")
        throw new LatchkeyError(
          "AUTHENTICATION",
          "Send a token in the header `Authorization: Bearer <token>`.",
        )
      const answer = await ask(authorization, event, context)
      if (!allows(answer, event.methodArn))
        throw new LatchkeyError("AUTHORIZATION", "The token does not allow this request.")
      return { ...answer.context, principalId: answer.principalId }
    },
  }
}

/** The function says 401 by failing with exactly `Unauthorized`; any other failure is a 500. */
async function run(handler: AuthorizerHandler, event: APIGatewayRequestAuthorizerEvent, context: Context) {
  try {
    return await handler(event, context)
  } catch (error) {
    if (error instanceof Error && error.message === "Unauthorized")
      throw new LatchkeyError("AUTHENTICATION", "The token is not valid; ask its issuer for a new one.")
    throw error
  }
}

function allows({ policyDocument }: Answer, methodArn: string): boolean {
  const fitting = policyDocument.Statement.filter(
    ({ Action, Resource }) =>
      Action.some((pattern) => fits(pattern, "execute-api:Invoke")) &&
      Resource.some((pattern) => fits(pattern, methodArn)),
  )
  return fitting.length > 0 && fitting.every(({ Effect }) => Effect === "Allow")
}

/** `*` stands for any text, slashes included, `?` for one character. */
function fits(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".")
  return new RegExp(`^${source}$`, "s").test(text)
}
