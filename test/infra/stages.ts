import { inject } from "vitest"
import type { StageInput } from "../../stacks/config.ts"
import { evaluate, type PlannedResource } from "../../stacks/plan/evaluate.ts"
import { ofType, type Plan, planOf } from "../../stacks/plan/shape.ts"

/** A stage as it would be deployed: the plan that is printed, and every resource with its inputs behind it. */
export interface PlannedStage {
  plan: Plan
  resources: PlannedResource[]
  /** The inputs of the one resource of a type and, where there are several, a name. */
  only(type: string, name?: string): Record<string, unknown>
  all(type: string): PlannedResource[]
}

const made = new Map<string, Promise<PlannedStage>>()

/** Each is computed once for a file of tests. Without settings the repository's own count. */
export function planned(
  stage: string,
  settings?: StageInput,
  environment: Record<string, string> = {},
  { dev = false } = {},
): Promise<PlannedStage> {
  const key = JSON.stringify([stage, settings, environment, dev])
  const known = made.get(key) ?? plan(stage, settings, environment, dev)
  made.set(key, known)
  return known
}

async function plan(
  stage: string,
  settings: StageInput | undefined,
  environment: Record<string, string>,
  dev: boolean,
): Promise<PlannedStage> {
  const functions = inject("functions")
  const resources = await evaluate(stage, { functions, environment, dev, ...(settings && { settings }) })
  return {
    plan: planOf(stage, resources, functions),
    resources,
    all: (type) => ofType(resources, type),
    only(type, name) {
      const found = ofType(resources, type).filter((one) => name === undefined || one.name === name)
      const [first] = found
      if (found.length !== 1 || first === undefined)
        throw new Error(`The plan of ${stage} has ${found.length} resources ${type} ${name ?? ""}.`)
      return first.inputs
    },
  }
}

/** With everything that a stage may have. */
export const everything: StageInput = {
  protected: true,
  region: "us-east-1",
  issuers: [
    {
      issuer: "https://login.acme.example/",
      audience: ["latchkey", "https://latchkey.acme.example"],
      jwksUrl: "https://login.acme.example/keys",
      platforms: ["*"],
      claims: { platformId: "https://acme.example/platform" },
      algorithms: ["ES256"],
    },
  ],
  console: {
    domain: {
      name: "console.acme.example",
      certificateArn: "arn:aws:acm:us-east-1:123456789012:certificate/y",
      dns: false,
    },
    signIn: {
      clientId: "latchkey-console",
      audience: "latchkey",
      tokenOrigin: "https://token.acme.example",
    },
  },
  domain: {
    name: "latchkey.acme.example",
    certificateArn: "arn:aws:acm:us-east-1:123456789012:certificate/x",
    dns: false,
  },
  waf: { requestsPer5Minutes: 10_000 },
  throttle: { rate: 100, burst: 200 },
  memoryMb: 1_024,
  concurrency: { resolve: { reserved: 50, provisioned: 5 }, resolveDirect: { reserved: 60 } },
  deadlines: { resolveMs: 10_000, requestMs: 2_000 },
  outbound: { allowHttp: false, exceptions: [{ platformId: "acme", cidr: "10.0.0.0/8" }] },
  aws: { deploymentId: "acme-latchkey" },
  directCallers: [
    { name: "flows", principal: "arn:aws:iam::123456789012:role/flows", platforms: ["*"] },
    { name: "acme-jobs", principal: "arn:aws:iam::123456789012:role/jobs", platforms: ["acme"] },
  ],
  audit: { mode: "required", retentionDays: 800, events: true },
  rotation: { accounts: ["210987654321"] },
  logRetention: "2 years",
  logPercent: 10,
  tracing: true,
  alarms: { emails: ["oncall@acme.example"], errorPercent: 0.5, p99Ms: 1_000 },
  vpc: "new",
  cache: "upstash",
}

export const upstashKeys = { UPSTASH_EMAIL: "ops@acme.example", UPSTASH_API_KEY: "key" }
