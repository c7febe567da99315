import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { basename, join } from "node:path"
import type { Built, BuiltFunction } from "./build.ts"
import type { StageSettings } from "./config.ts"
import { functionFiles, functionIds, functionName } from "./function-names.ts"
import type { FunctionNetwork } from "./network.ts"
import { type FunctionId, type Grant, networkGrant, permissions, tracingGrant } from "./permissions.ts"
import type { Storage } from "./storage.ts"
import { tables as shapes } from "./tables.ts"

export type Functions = Record<FunctionId, sst.aws.Function>

interface FunctionDeps {
  stage: string
  settings: StageSettings
  storage: Storage
  rotationQueue: sst.aws.Queue
  network: FunctionNetwork | undefined
  environment: (id: FunctionId) => Record<string, $util.Input<string>>
}

/** The longest that API Gateway waits for a function, in seconds. */
const longest = 29
/** Of those that ask no secret manager: DynamoDB, KMS and Redis answer in time or not at all. */
const timeoutSeconds: Partial<Record<FunctionId, number>> = {
  authorizer: 10,
  document: 5,
  listProviders: 10,
  deleteConnection: 15,
  clearCache: 15,
  usage: 15,
  webhookSecret: 15,
  rotated: 15,
}

/** Every function, as it was bundled, with a role of its own that may do what `permissions.ts` says. */
export function createFunctions(deps: FunctionDeps): Functions {
  const built = buildFunctions()
  return Object.fromEntries(functionIds.map((id) => [id, createFunction(id, built[id], deps)])) as Functions
}

function createFunction(id: FunctionId, built: BuiltFunction | undefined, deps: FunctionDeps) {
  const { stage, settings, storage, rotationQueue, network, environment } = deps
  if (built === undefined) throw new Error(`The build has no bundle of ${id}.`)
  const name = functionName(stage, id)
  const logs = new aws.cloudwatch.LogGroup(`${pascal(id)}Logs`, {
    name: `/aws/lambda/${name}`,
    retentionInDays: retentionDays[settings.logRetention],
  })
  const grants = [
    ...permissions[id],
    ...(network ? [networkGrant] : []),
    ...(settings.tracing ? [tracingGrant] : []),
  ]
  const { reserved, provisioned } = settings.concurrency[id] ?? {}
  const fn = new sst.aws.Function(pascal(id), {
    name,
    description: `Latchkey ${stage}: ${id}`,
    // `sst dev` runs the sources on the developer's machine; what is deployed is the bundle.
    ...($dev
      ? { handler: `functions/${functionFiles[id]}.handler` }
      : { bundle: built.path, handler: built.handler }),
    runtime: "nodejs24.x",
    architecture: "arm64",
    memory: `${settings.memoryMb} MB`,
    timeout: `${timeoutSeconds[id] ?? longest} seconds`,
    environment: environment(id),
    permissions: [
      ...grants.map((grant) => statementOf(grant, storage, rotationQueue)),
      {
        actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
        resources: [$util.interpolate`${logs.arn}:*`],
      },
    ],
    logging: { logGroup: logs.name },
    ...(network && { vpc: network }),
    // Aliases and provisioned instances are of versions.
    versioning: id === "resolveDirect" || provisioned !== undefined,
    concurrency: {
      ...(reserved !== undefined && { reserved }),
      ...(provisioned !== undefined && { provisioned }),
    },
    transform: {
      // AWS's managed policies allow logs and interfaces of every function; the grants above are this one's own.
      role: (args) => {
        args.managedPolicyArns = []
        // SST lets the whole account take the role, for `sst dev`, and by a slip of its own where it is deployed too.
        if (!$dev)
          args.assumeRolePolicy = aws.iam.assumeRolePolicyForPrincipal({ Service: "lambda.amazonaws.com" })
      },
      function: (args) => {
        if (settings.tracing) args.tracingConfig = { mode: "Active" }
      },
    },
  })
  if (!$dev) uploadMaps(id, built.maps, fn, logs)
  return fn
}

/** Where the SST Console looks for them, to show errors by their place in the sources. They do not ship. */
function uploadMaps(
  id: FunctionId,
  maps: readonly string[],
  fn: sst.aws.Function,
  logs: aws.cloudwatch.LogGroup,
): void {
  const code = fn.nodes.function
  const hash = code.s3Key.apply((key) => /-code-([0-9a-f]+)\.zip$/.exec(key ?? "")?.[1] ?? "unknown")
  maps.forEach((file, index) => {
    new aws.s3.BucketObjectv2(
      `${pascal(id)}Map${index}`,
      {
        bucket: code.s3Bucket.apply((bucket) => bucket ?? ""),
        key: $util.interpolate`sourcemap/${logs.arn}/${hash}.${basename(file)}`,
        source: new $util.asset.FileAsset(file),
      },
      { retainOnDelete: true },
    )
  })
}

/** In the words of an IAM policy. */
function statementOf(
  { actions, on, where = [] }: Grant,
  { tables, key }: Storage,
  rotationQueue: sst.aws.Queue,
) {
  const resources = {
    connections: () => [tables.connections.arn],
    audit: () => [tables.audit.arn],
    "index by account": () =>
      shapes.connections.indexes.map(
        ({ name }) => $util.interpolate`${tables.connections.arn}/index/${name}`,
      ),
    "audit's indexes": () =>
      shapes.audit.indexes.map(({ name }) => $util.interpolate`${tables.audit.arn}/index/${name}`),
    usage: () => [tables.usage.arn],
    key: () => [key.arn],
    "roles of tenants": () => ["*"],
    "functions' network interfaces": () => ["*"],
    traces: () => ["*"],
    "rotation queue": () => [rotationQueue.arn],
  } satisfies Record<Grant["on"], () => $util.Input<string>[]>
  return {
    actions: [...actions],
    resources: resources[on](),
    ...(where.length > 0 && {
      conditions: where.map(({ test, variable, values }) => ({ test, variable, values: [...values] })),
    }),
  }
}

/** Builds by the Node of this project, or takes what LATCHKEY_FUNCTIONS says was built already. */
function buildFunctions(): Partial<Built> {
  const folder = process.env.LATCHKEY_FUNCTIONS ?? join($cli.paths.work, "functions")
  if (process.env.LATCHKEY_FUNCTIONS === undefined)
    execFileSync("node", ["local/setup.mjs", "stacks/build.ts", folder], {
      cwd: $cli.paths.root,
      stdio: ["ignore", "ignore", "inherit"],
    })
  return JSON.parse(readFileSync(join(folder, "functions.json"), "utf8"))
}

export const retentionDays: Record<StageSettings["logRetention"], number> = {
  "1 week": 7,
  "2 weeks": 14,
  "1 month": 30,
  "3 months": 90,
  "6 months": 180,
  "1 year": 365,
  "13 months": 400,
  "2 years": 731,
}

export const pascal = (id: string): string => id.charAt(0).toUpperCase() + id.slice(1)
