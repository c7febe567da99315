import { createPublicKey, type JsonWebKey } from "node:crypto"
import * as z from "zod"
import { assertIssuerConfig, signatureAlgorithms } from "../core/auth/issuer-config.ts"
import { functionIds } from "./function-names.ts"
import { personal, stages } from "./stages.ts"

const text = z.string().min(1)
const httpsUrl = z.url({ protocol: /^https$/, error: "must be an https URL" })
const origin = httpsUrl.refine((value) => URL.canParse(value) && new URL(value).origin === value, {
  error: "must be an origin: https, a host, no path and no slash at its end",
})

/** SPKI in PEM, or a JWK: of a private key a public one could be made too, but nobody means to put that here. */
function isPublicKey(key: unknown): boolean {
  if (typeof key === "string" ? key.includes("PRIVATE KEY") : (key as JsonWebKey).d !== undefined)
    return false
  try {
    const made =
      typeof key === "string"
        ? createPublicKey(key)
        : createPublicKey({ key: key as JsonWebKey, format: "jwk" })
    return made.type === "public"
  } catch {
    return false
  }
}

const publicKey = z.union([text, z.record(z.string(), z.json())]).refine(isPublicKey, {
  error: "must be a public key: a JWK, or a text in PEM that begins with BEGIN PUBLIC KEY",
})

const issuer = z
  .strictObject({
    issuer: text,
    audience: z.union([text, z.array(text).min(1)]),
    jwksUrl: httpsUrl.optional(),
    publicKeys: z.array(publicKey).min(1).optional(),
    platforms: z.array(text).min(1, { error: 'name at least one platform, or write "*"' }),
    claims: z.partialRecord(z.enum(["platformId", "type", "role", "projectIds"]), text).optional(),
    algorithms: z
      .array(z.enum(signatureAlgorithms, { error: `must be one of ${signatureAlgorithms.join(", ")}` }))
      .min(1)
      .optional(),
    untyped: z.boolean().optional(),
  })
  .refine(({ jwksUrl, publicKeys }) => (jwksUrl === undefined) !== (publicKeys === undefined), {
    error: "has either `jwksUrl` or `publicKeys`",
  })
  .check(({ value, issues }) => {
    try {
      assertIssuerConfig(value)
    } catch (error) {
      issues.push({ code: "custom", input: value, message: (error as Error).message })
    }
  })

const host = z.hostname({
  error: "must be the name of a host, such as api.acme.example, and nothing around it",
})

const domain = z
  .strictObject({ name: host, certificateArn: text.optional(), dns: z.boolean().default(true) })
  .refine(({ dns, certificateArn }) => dns || certificateArn !== undefined, {
    error: "needs `certificateArn` where `dns` is false",
  })

const signIn = z.strictObject({
  clientId: text,
  /** One of `issuers`; the first where this is left out. */
  issuer: text.optional(),
  scope: text.optional(),
  audience: text.optional(),
  /** Of the issuer's token endpoint, where that has another origin than the issuer. */
  tokenOrigin: origin.optional(),
})

const directCaller = z.strictObject({
  name: z.string().regex(/^(?!\d+$)[A-Za-z0-9_-]{1,64}$/, {
    error: "must be the name of a Lambda alias: letters, digits, - and _, not digits alone",
  }),
  principal: z.string().regex(/^(?:\d{12}|arn:aws[a-z-]*:iam::\d{12}:(?:role|user)\/\S+)$/, {
    error: "must be the ARN of the caller's role, or an account id",
  }),
  platforms: z.array(text).min(1, { error: 'name at least one platform, or write "*"' }),
})

const concurrency = z
  .strictObject({ reserved: z.int().min(1).optional(), provisioned: z.int().min(1).optional() })
  .refine(({ reserved, provisioned }) => (provisioned ?? 0) <= (reserved ?? Number.POSITIVE_INFINITY), {
    path: ["provisioned"],
    error: "must be at most `reserved`, of which these are",
  })

const region = z
  .string()
  .regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, { error: "must be a region, such as eu-central-1" })

const network = z.union([z.cidrv4(), z.cidrv6()], { error: "must be a network, such as 10.0.0.0/8" })

const noIssuer = "name at least one issuer: without one nobody has a token"

/** What a stage can be told. Each has a default, save who is trusted to issue tokens. */
const stage = z
  .strictObject({
    /** Production's: cannot be removed, and its data outlives it. */
    protected: z.boolean().default(false),
    /** Where AWS's own settings name none. */
    region: region.optional(),
    issuers: z.array(issuer, { error: noIssuer }).min(1, { error: noIssuer }),
    /** The API's. */
    domain: domain.optional(),
    /** The admin console. Without `domain` it gets an address of CloudFront's, without `signIn` people paste a token. */
    console: z
      .union([z.literal(false), z.strictObject({ domain: domain.optional(), signIn: signIn.optional() })])
      .default({}),
    /** Where a console of your own is, which may call the API from a browser: then `console` must be false. */
    consoleOrigin: origin.optional(),
    /** AWS WAF before the API: an allowance for each address, and AWS's list of addresses of ill repute. */
    waf: z.strictObject({ requestsPer5Minutes: z.int().min(10).max(2_000_000_000) }).optional(),
    /** Requests a second of the whole API, and how many at once. */
    throttle: z
      .strictObject({ rate: z.int().min(1), burst: z.int().min(1) })
      .default({ rate: 500, burst: 1_000 }),
    memoryMb: z.int().min(128).max(10_240).default(512),
    /** By function: an operation's, or one that has no route. */
    concurrency: z.partialRecord(z.enum(functionIds), concurrency).default({}),
    deadlines: z
      .strictObject({
        resolveMs: z.int().min(3_000).max(27_000).default(15_000),
        requestMs: z.int().min(500).max(20_000).default(5_000),
      })
      .refine(({ resolveMs, requestMs }) => requestMs <= resolveMs, {
        path: ["requestMs"],
        error: "must be at most `resolveMs`, in which one request to a secret manager has to end",
      })
      .prefault({}),
    /** Where connections may lead besides public https addresses. */
    outbound: z
      .strictObject({
        allowHttp: z.boolean().default(false),
        exceptions: z.array(z.strictObject({ platformId: text, cidr: network })).default([]),
      })
      .prefault({}),
    aws: z
      .strictObject({
        /** Goes into the external ids that tenants' roles demand: once there are any, it must never change. */
        deploymentId: text.optional(),
        allowEndpoint: z.boolean().default(false),
      })
      .prefault({}),
    directCallers: z
      .array(directCaller)
      .refine((callers) => new Set(callers.map(({ name }) => name)).size === callers.length, {
        error: "each caller has a name of its own",
      })
      .default([]),
    audit: z
      .strictObject({
        mode: z.enum(["required", "best-effort", "off"]).default("required"),
        retentionDays: z.int().min(1).default(400),
        /** Whether every record also goes to an EventBridge bus, for a SIEM. */
        events: z.boolean().default(true),
      })
      .prefault({}),
    /** Besides the deployment's own: the accounts of AWS whose events about changed secrets are taken. */
    rotation: z
      .strictObject({
        accounts: z
          .array(z.string().regex(/^\d{12}$/, { error: "must be the id of an AWS account: 12 digits" }))
          .default([]),
      })
      .prefault({}),
    logRetention: z
      .enum(["1 week", "2 weeks", "1 month", "3 months", "6 months", "1 year", "13 months", "2 years"])
      .default("1 month"),
    /** Of the requests that succeed, how many in a hundred get a line in the log. Metrics and the audit count every one. */
    logPercent: z.int().min(0).max(100).default(100),
    tracing: z.boolean().default(false),
    alarms: z
      .strictObject({
        enabled: z.boolean().default(true),
        emails: z.array(z.email()).default([]),
        /** Share of requests that end in 5xx, in percent. */
        errorPercent: z.number().gt(0).max(100).default(1),
        p99Ms: z.int().min(10).default(3_000),
      })
      .prefault({}),
    /** `new` makes one with a NAT gateway in each of two zones, whose addresses are outputs. */
    vpc: z
      .union(
        [
          z.literal("new"),
          z.strictObject({
            privateSubnets: z.array(text).min(1),
            securityGroups: z.array(text).min(1),
          }),
        ],
        { error: 'must be "new", or your own `privateSubnets` and `securityGroups`' },
      )
      .optional(),
    /** A database made by Upstash's API, or one that exists, its address and token as secrets. */
    cache: z.enum(["upstash", "secret"]).optional(),
    upstashRegion: region.default("us-east-1"),
  })
  .refine(({ console, consoleOrigin }) => console === false || consoleOrigin === undefined, {
    path: ["consoleOrigin"],
    error: "is for a console of your own: set `console: false` beside it",
  })
  .refine(({ domain, console }) => console === false || !domain || domain.name !== console.domain?.name, {
    path: ["console", "domain", "name"],
    error: "must be another than the API's",
  })
  .refine(
    ({ console, issuers }) => {
      const wanted = console === false ? undefined : console.signIn?.issuer
      return wanted === undefined || issuers.some(({ issuer }) => issuer === wanted)
    },
    { path: ["console", "signIn", "issuer"], error: "must be one of `issuers`: the API accepts no other" },
  )

export type StageInput = z.input<typeof stage>
export type StageSettings = z.output<typeof stage>

/**
 * The settings of a stage, checked.
 * @throws Error that names each setting that is wrong, and what it should be
 */
export function settingsOf(name: string, input: unknown = stages[name] ?? personal): StageSettings {
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(name))
    throw new Error(
      `The stage "${name}" cannot be deployed: name it by up to 31 lower-case letters, digits and hyphens, beginning with a letter.`,
    )
  const result = stage.safeParse(input)
  if (result.success) return result.data
  const problems = result.error.issues.map(
    ({ path, message }) => `\n  ${path.map(String).join(".") || "the whole"}: ${message}`,
  )
  throw new Error(`The settings of stage "${name}" in stacks/stages.ts are not complete:${problems.join("")}`)
}

/** @throws Error where the settings still have the example's issuer: nobody could ever get a token for such a stage. */
export function refuseExamples(name: string, { issuers }: StageSettings): void {
  const example = issuers.find(({ issuer, jwksUrl }) =>
    [issuer, jwksUrl].some((url) => url?.includes("identity.example.com")),
  )
  if (example)
    throw new Error(
      `Stage "${name}" still has the example's issuer. Put your identity provider into stacks/stages.ts: its \`iss\`, its audience and where it publishes its keys.`,
    )
}
