/**
 * Evaluates `sst.config.ts` in Pulumi's mock engine and prints every resource as JSON: what SST's command line would hand
 * to the real engine. Bundled by `evaluate.ts` and run in a process of its own, since SST's components keep global state.
 * @see infrastructure tests in test/infra
 */
import crypto from "node:crypto"
import { writeFileSync } from "node:fs"
import config from "../../sst.config.ts"
import type { PlannedResource } from "./evaluate.ts"

/** SST's own, which `evaluate.ts` makes global as it does with components. */
declare const runSst: (program: unknown) => Promise<unknown>

const account = "123456789012"
const region = "us-east-1"
/** @see https://github.com/pulumi/pulumi/blob/master/sdk/nodejs/runtime/rpc.ts, `specialSigKey` */
const secretMark = "4dabf18193072939515e22adb298388d"
const resources: PlannedResource[] = []

// Part of physical names: a plan is the same each time.
crypto.randomBytes = ((size: number) => Buffer.alloc(size, 7)) as typeof crypto.randomBytes

$util.runtime.setMocks(
  {
    newResource({ type, name, inputs }) {
      resources.push({ type, name, inputs: plain(inputs) as Record<string, unknown> })
      return { id: `${name}-id`, state: { ...inputs, ...outputsOf(type, name, inputs) } }
    },
    call: ({ token, inputs }) => answers[token]?.(inputs) ?? inputs,
  },
  "latchkey",
  process.env.SST_STAGE,
)

const answers: Record<string, (inputs: Record<string, unknown>) => Record<string, unknown>> = {
  "aws:index/getRegion:getRegion": () => ({ region, name: region, id: region }),
  "aws:index/getCallerIdentity:getCallerIdentity": () => ({
    accountId: account,
    arn: `arn:aws:iam::${account}:root`,
  }),
  "aws:index/getPartition:getPartition": () => ({ partition: "aws", dnsSuffix: "amazonaws.com" }),
  "aws:iam/getPolicyDocument:getPolicyDocument": (inputs) => ({
    ...inputs,
    json: JSON.stringify(inputs),
  }),
  "aws:index/getAvailabilityZones:getAvailabilityZones": () => ({
    names: ["a", "b", "c"].map((zone) => region + zone),
  }),
  "aws:route53/getZone:getZone": () => ({ zoneId: "Z123", name: "example.com" }),
}

/** What only AWS knows, as far as another resource is given it. */
function outputsOf(type: string, name: string, inputs: Record<string, unknown>): Record<string, unknown> {
  const called = String(inputs.name ?? name)
  const arn = (service: string, path: string) => `arn:aws:${service}:${region}:${account}:${path}`
  switch (type) {
    case "aws:lambda/function:Function": {
      const own = arn("lambda", `function:${called}`)
      const invoke = (of: string) =>
        `arn:aws:apigateway:${region}:lambda:path/2015-03-31/functions/${of}/invocations`
      return {
        arn: own,
        invokeArn: invoke(own),
        qualifiedArn: `${own}:1`,
        qualifiedInvokeArn: invoke(`${own}:1`),
        version: "1",
        publish: inputs.publish ?? false,
      }
    }
    case "aws:lambda/alias:Alias":
      return { arn: `${arn("lambda", "function")}:${String(inputs.functionName)}:${called}` }
    case "aws:dynamodb/table:Table": {
      const own = arn("dynamodb", `table/${called}`)
      return { arn: own, name: called, streamArn: `${own}/stream/2026-01-01T00:00:00.000` }
    }
    case "aws:kms/key:Key":
      return { arn: arn("kms", `key/${name}`), keyId: name }
    case "aws:iam/role:Role":
      return { arn: `arn:aws:iam::${account}:role/${called}` }
    case "aws:cloudwatch/logGroup:LogGroup":
      return { arn: arn("logs", `log-group:${called}`) }
    case "aws:cloudwatch/eventBus:EventBus":
      return { arn: arn("events", `event-bus/${called}`) }
    case "aws:sns/topic:Topic":
      return { arn: arn("sns", called) }
    case "aws:sqs/queue:Queue":
      return { arn: arn("sqs", called), url: `https://sqs.${region}.amazonaws.com/${account}/${called}` }
    case "aws:apigateway/restApi:RestApi":
      return { rootResourceId: "root", executionArn: arn("execute-api", "api") }
    case "aws:apigateway/stage:Stage":
      return { arn: `arn:aws:apigateway:${region}::/restapis/api/stages/${String(inputs.stageName)}` }
    case "upstash:index/redisDatabase:RedisDatabase":
      return { endpoint: "cache.upstash.io", restToken: "token" }
    case "aws:cloudfront/distribution:Distribution":
      return { arn: `arn:aws:cloudfront::${account}:distribution/${name}`, domainName: "d111.cloudfront.net" }
    case "aws:s3/bucket:Bucket":
      return {
        arn: `arn:aws:s3:::${called}`,
        bucket: called,
        bucketRegionalDomainName: `${called}.s3.${region}.amazonaws.com`,
      }
    case "aws:ec2/natGateway:NatGateway":
      return { publicIp: "203.0.113.1" }
    case "random:index/randomBytes:RandomBytes":
      return { base64: Buffer.alloc(32).toString("base64"), hex: "00".repeat(32) }
    default:
      return { arn: arn(type.split(/[:/]/)[1] ?? "x", called) }
  }
}

/** Pulumi wraps what is a secret for the engine, which there is none of. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== "object" || value === null) return value
  if (secretMark in value && "value" in value) return plain(value.value)
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]))
}

await $util.runtime.runInPulumiStack(() => runSst(config.run))
await $util.runtime.disconnect()
writeFileSync(String(process.env.LATCHKEY_PLAN), JSON.stringify(resources))
