import type {
  APIGatewayEventRequestContextWithAuthorizer,
  APIGatewayProxyEvent,
  APIGatewayProxyResult,
  APIGatewayRequestAuthorizerEvent,
  Context,
} from "aws-lambda"
import * as z from "zod"
import type { Clock } from "../core/clock.ts"

/** A request as it came in by HTTP, with the route that it fits. */
export interface GatewayRequest {
  /** The one that API Gateway gives it, a UUID. */
  id: string
  method: string
  /** With its query, as sent. */
  url: URL
  /** Names and values in turn, as sent. */
  rawHeaders: readonly string[]
  sourceIp: string
  /** The resource, parameters in braces: `/api/v1/secret-managers/{id}`. */
  resource: string
  stage: string
  region: string
}

/** Made-up names that stand where a deployment's own would. */
const accountId = "000000000000"
const apiId = "sandbox000"

/** What policies allow or deny: one method and path of the API. */
export function methodArn({ region, stage, method, url }: GatewayRequest): string {
  return `arn:aws:execute-api:${region}:${accountId}:${apiId}/${stage}/${method}${url.pathname}`
}

/**
 * The event of a Lambda proxy integration, as a REST API sends it: repeated headers and parameters count by their last
 * value beside the lists of all, absent ones are null, the query is decoded and the path is not.
 * Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
 */
export function proxyEvent(
  request: GatewayRequest,
  body: string,
  authorizer: Record<string, string> | undefined,
  clock: Clock,
): APIGatewayProxyEvent {
  return {
    ...common(request),
    requestContext: requestContext(request, authorizer, clock),
    body: body === "" ? null : body,
    isBase64Encoded: false,
  }
}

export function authorizerEvent(request: GatewayRequest, clock: Clock): APIGatewayRequestAuthorizerEvent {
  return {
    type: "REQUEST",
    methodArn: methodArn(request),
    ...common(request),
    requestContext: requestContext(request, undefined, clock),
  }
}

function common({ method, url, rawHeaders, resource }: GatewayRequest) {
  const headers = grouped(pairsOf(rawHeaders))
  const query = grouped([...url.searchParams])
  return {
    resource,
    path: url.pathname,
    httpMethod: method,
    headers: lastOf(headers),
    multiValueHeaders: headers,
    queryStringParameters: orNull(lastOf(query)),
    multiValueQueryStringParameters: orNull(query),
    pathParameters: orNull(pathParameters(resource, url.pathname)),
    stageVariables: null,
  }
}

function requestContext<Authorizer>(
  { id, method, url, sourceIp, resource, stage, rawHeaders }: GatewayRequest,
  authorizer: Authorizer,
  clock: Clock,
): APIGatewayEventRequestContextWithAuthorizer<Authorizer> {
  const now = clock.now()
  const headerOf = (wanted: string) =>
    pairsOf(rawHeaders).find(([name]) => name.toLowerCase() === wanted)?.[1]
  const userAgent = headerOf("user-agent")
  return {
    accountId,
    apiId,
    authorizer,
    // The port too: API Gateway has none.
    domainName: headerOf("host") ?? url.hostname,
    domainPrefix: apiId,
    extendedRequestId: id,
    httpMethod: method,
    identity: {
      accessKey: null,
      accountId: null,
      apiKey: null,
      apiKeyId: null,
      caller: null,
      clientCert: null,
      cognitoAuthenticationProvider: null,
      cognitoAuthenticationType: null,
      cognitoIdentityId: null,
      cognitoIdentityPoolId: null,
      principalOrgId: null,
      sourceIp,
      user: null,
      userAgent: userAgent ?? null,
      userArn: null,
    },
    // As under a domain of its own, since no stage stands before it here either.
    path: url.pathname,
    protocol: "HTTP/1.1",
    requestId: id,
    requestTime: new Date(now).toUTCString(),
    requestTimeEpoch: now,
    resourceId: "sandbox",
    resourcePath: resource,
    stage,
  }
}

/** Without an alias. */
export const functionArn = (region: string, name: string) =>
  `arn:aws:lambda:${region}:${accountId}:function:${name}`

/** What Lambda tells a function about its invocation. */
export function lambdaContext(
  name: string,
  requestId: string,
  timeoutMs: number,
  region: string,
  clock: Clock,
): Context {
  const end = clock.now() + timeoutMs
  const unused = () => undefined
  return {
    awsRequestId: requestId,
    callbackWaitsForEmptyEventLoop: true,
    functionName: name,
    functionVersion: "$LATEST",
    invokedFunctionArn: functionArn(region, name),
    logGroupName: `/aws/lambda/${name}`,
    logStreamName: "sandbox",
    memoryLimitInMB: "512",
    getRemainingTimeInMillis: () => Math.max(0, end - clock.now()),
    done: unused,
    fail: unused,
    succeed: unused,
  }
}

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String)

const resultSchema = z.strictObject({
  statusCode: z.coerce.number().int().min(200).max(599),
  headers: z.record(z.string(), scalar).nullish(),
  multiValueHeaders: z.record(z.string(), z.array(scalar)).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
})

export interface HttpResult {
  status: number
  /** Names and values in turn. */
  headers: string[]
  body: Buffer
}

/** A function's result as an HTTP answer. Undefined where API Gateway could not read it and would answer 502. */
export function httpResult(result: APIGatewayProxyResult | unknown): HttpResult | undefined {
  const parsed = resultSchema.safeParse(result)
  if (!parsed.success) return undefined
  const { statusCode, headers, multiValueHeaders, body, isBase64Encoded } = parsed.data
  const many = new Map(Object.entries(multiValueHeaders ?? {}))
  const listed = new Set([...many.keys()].map((name) => name.toLowerCase()))
  for (const [name, value] of Object.entries(headers ?? {}))
    if (!listed.has(name.toLowerCase())) many.set(name, [value])
  return {
    status: statusCode,
    headers: [...many].flatMap(([name, values]) => values.flatMap((value) => [name, value])),
    body: Buffer.from(body ?? "", isBase64Encoded ? "base64" : "utf8"),
  }
}

function pairsOf(rawHeaders: readonly string[]): [name: string, value: string][] {
  return rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? ""] as [string, string]] : [],
  )
}

function grouped(pairs: readonly [name: string, value: string][]): Record<string, string[]> {
  const groups = Map.groupBy(pairs, ([name]) => name)
  return Object.fromEntries([...groups].map(([name, group]) => [name, group.map(([, value]) => value)]))
}

function lastOf(lists: Record<string, string[]>): Record<string, string> {
  return Object.fromEntries(Object.entries(lists).map(([name, values]) => [name, values.at(-1) ?? ""]))
}

const orNull = <T extends object>(record: T) => (Object.keys(record).length === 0 ? null : record)

/** As written in the path, still percent-encoded. */
function pathParameters(resource: string, path: string): Record<string, string> {
  const segments = path.split("/")
  return Object.fromEntries(
    resource
      .split("/")
      .flatMap((part, index) => (part.startsWith("{") ? [[part.slice(1, -1), segments[index] ?? ""]] : [])),
  )
}
