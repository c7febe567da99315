import { basePath } from "../core/contract/operation.ts"
import { routes } from "../core/contract/routes.ts"
import type { StageSettings } from "./config.ts"
import { type Functions, retentionDays } from "./functions.ts"
import { gatewayResponses, type Headers, ownHeaders } from "./gateway-responses.ts"

/** An origin, known beforehand or once CloudFront has given it. */
type Origin = $util.Input<string> | undefined

/**
 * The REST API. Where it will be is known before it serves anything, which the console needs, whose own address the API's
 * answers name: so its routes come later.
 */
export function createApi(settings: StageSettings) {
  const { domain, tracing } = settings
  let own: OwnAnswers = { settings: [], resources: [] }
  const api = new sst.aws.ApiGatewayV1("Api", {
    endpoint: { type: "regional" },
    // SST's own allows any header but `Authorization` to any origin.
    cors: false,
    ...(domain && { domain: domainOf(domain) }),
    transform: {
      api: (args) => {
        // With a domain of its own, nothing goes round it and what stands before it.
        args.disableExecuteApiEndpoint = domain !== undefined
      },
      accessLog: (args) => {
        args.retentionInDays = retentionDays[settings.logRetention]
      },
      stage: (args) => {
        args.xrayTracingEnabled = tracing
        args.accessLogSettings = $util.output(args.accessLogSettings).apply((log) => ({
          destinationArn: log?.destinationArn ?? "",
          format: accessLogFormat,
        }))
      },
      deployment: (args, opts) => {
        // SST deploys again where a route changed. What is no route of its has to be there before, and counts too.
        args.triggers = $util
          .all([args.triggers, $util.jsonStringify(own.settings)])
          .apply(([triggers, answers]) => ({ ...triggers, own: answers }))
        opts.dependsOn = own.resources
      },
      domainName: { securityPolicy: "TLS_1_2" },
    },
  })
  return {
    api,
    // Before the deployment it is one of API Gateway's, which depends on nothing that is deployed.
    url: domain ? $util.output(`https://${domain.name}/`) : api.url,
    /** Every route of the contract, one authorizer before all that are not public. */
    serve(functions: Functions, consoleOrigin: Origin): void {
      addRoutes(api, functions)
      own = withOwnAnswers(api, consoleOrigin)
      api.deploy()
      throttleAll(api, settings.throttle)
    },
  }
}

function addRoutes(api: Api, functions: Functions): void {
  const authorizer = api.addAuthorizer({
    name: "token",
    requestFunction: functions.authorizer.arn,
    identitySource: "method.request.header.Authorization",
    ttl: 60,
  })
  for (const { method, path, operation, who } of routes)
    api.route(
      `${method} ${basePath}${path}`,
      functions[operation].targetArn as $util.Output<`arn:${string}`>,
      {
        name: `${operation}-${method}`,
        ...(who !== "public" && { auth: { custom: authorizer.id } }),
      },
    )
}

/** A domain as SST's components take it. */
export function domainOf({ name, certificateArn, dns }: NonNullable<StageSettings["domain"]>) {
  return {
    name,
    ...(certificateArn !== undefined && { cert: certificateArn }),
    ...(dns ? {} : { dns: false as const }),
  }
}

type Api = sst.aws.ApiGatewayV1

interface OwnAnswers {
  settings: unknown[]
  resources: $util.Resource[]
}

/** What is answered without a function: problems of API Gateway's own, and preflights for pages of the console's origin. */
function withOwnAnswers(api: Api, consoleOrigin: Origin): OwnAnswers {
  const responses = gatewayResponses(consoleOrigin)
  const resources: $util.Resource[] = responses.map(
    (response) =>
      new aws.apigateway.Response(`ApiResponse-${response.responseType}`, {
        restApiId: api.nodes.api.id,
        ...response,
      }),
  )
  if (consoleOrigin === undefined) return { settings: responses, resources }
  const headers = {
    ...ownHeaders(consoleOrigin),
    "Access-Control-Allow-Methods": "'GET,POST,PATCH,DELETE,OPTIONS'",
    "Access-Control-Allow-Headers": "'authorization,content-type,if-match'",
    "Access-Control-Max-Age": "'600'",
  }
  for (const path of new Set(routes.map((route) => route.path)))
    resources.push(...createPreflight(api, path, headers))
  return { settings: [...responses, headers], resources }
}

function createPreflight(api: Api, path: string, headers: Headers): $util.Resource[] {
  const name = `preflight${path.replace(/[^a-z]+/gi, "-")}`
  const { integration } = api.routeIntegration(
    `OPTIONS ${basePath}${path}`,
    { type: "mock", requestTemplates: { "application/json": '{"statusCode": 204}' } },
    { name },
  ).nodes
  const to = {
    restApi: api.nodes.api.id,
    resourceId: integration.resourceId,
    httpMethod: integration.httpMethod,
    statusCode: "204",
  }
  const parameters = <Value>(parameterOf: (header: string) => Value) =>
    Object.fromEntries(
      Object.keys(headers).map((header) => [`method.response.header.${header}`, parameterOf(header)]),
    )
  const response = new aws.apigateway.MethodResponse(`Api-${name}-Response`, {
    ...to,
    responseParameters: parameters(() => true),
  })
  const filled = new aws.apigateway.IntegrationResponse(
    `Api-${name}-IntegrationResponse`,
    { ...to, responseParameters: parameters((header) => headers[header] ?? "") },
    { dependsOn: [response, integration] },
  )
  return [response, filled]
}

function throttleAll(api: Api, { rate, burst }: StageSettings["throttle"]): void {
  new aws.apigateway.MethodSettings("ApiSettings", {
    restApi: api.nodes.api.id,
    stageName: api.nodes.stage?.stageName ?? $app.stage,
    methodPath: "*/*",
    settings: {
      throttlingRateLimit: rate,
      throttlingBurstLimit: burst,
      metricsEnabled: true,
      // Execution logs and traced data would hold bodies and headers: tokens, and resolved secrets.
      loggingLevel: "OFF",
      dataTraceEnabled: false,
    },
  })
}

/** Neither query strings nor path parameters that a caller made up: the route's template says enough. */
const accessLogFormat = JSON.stringify({
  time: "$context.requestTime",
  requestId: "$context.requestId",
  method: "$context.httpMethod",
  route: "$context.resourcePath",
  status: "$context.status",
  responseType: "$context.error.responseType",
  latencyMs: "$context.responseLatency",
  functionMs: "$context.integration.latency",
  sourceIp: "$context.identity.sourceIp",
  subject: "$context.authorizer.principalId",
})

/** A firewall before the API. It looks at addresses only: bodies hold secrets' references, which rules could take for attacks. */
export function createFirewall(api: Api, waf: NonNullable<StageSettings["waf"]>): void {
  const metric = (name: string) => ({
    cloudwatchMetricsEnabled: true,
    metricName: `latchkey-${$app.stage}-${name}`,
    sampledRequestsEnabled: false,
  })
  const firewall = new aws.wafv2.WebAcl("Firewall", {
    scope: "REGIONAL",
    defaultAction: { allow: {} },
    visibilityConfig: metric("firewall"),
    rules: [
      {
        name: "ill-repute",
        priority: 0,
        overrideAction: { none: {} },
        statement: {
          managedRuleGroupStatement: { vendorName: "AWS", name: "AWSManagedRulesAmazonIpReputationList" },
        },
        visibilityConfig: metric("ill-repute"),
      },
      {
        name: "rate",
        priority: 1,
        action: { block: {} },
        statement: {
          rateBasedStatement: { limit: waf.requestsPer5Minutes, aggregateKeyType: "IP" },
        },
        visibilityConfig: metric("rate"),
      },
    ],
  })
  new aws.wafv2.WebAclAssociation("FirewallAssociation", {
    resourceArn: $util.output(api.nodes.stage?.arn).apply((arn) => arn ?? ""),
    webAclArn: firewall.arn,
  })
}
