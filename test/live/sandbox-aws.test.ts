import { spawn } from "node:child_process"
import { once } from "node:events"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { expect, onTestFinished, test } from "vitest"
import { createLatchkey } from "../../local/secret-managers/aws/admin.ts"
import { startAws } from "../../local/secret-managers/aws/server.ts"
import type { Policy } from "../../local/secret-managers/aws/state.ts"
import { startMoto } from "./servers.ts"
import { tool } from "./tools.ts"

interface Key {
  accessKeyId: string
  secretAccessKey: string
}

/** What a script is told. */
interface Told extends Key {
  url: string
  region: string
  /** Whether the server does all that AWS does: moto checks no permissions and signatures, and moves no stages. */
  complete: boolean
}

/** Of Secrets Manager and STS; `principal` has the key of an account apart. */
interface ToldOfSecrets extends Told {
  principal: Key
  roleArn: string
  externalId: string
}

interface ToldOfParameters extends Told {
  reader: Key
}

/** Runs a script with no AWS_* variables to mislead it, and gives the lines it printed. */
function runBoto3(name: "secrets_manager_boto3.py", told: ToldOfSecrets): Promise<string[]>
function runBoto3(name: "parameter_store_boto3.py", told: ToldOfParameters): Promise<string[]>
async function runBoto3(name: string, told: Told): Promise<string[]> {
  const script = fileURLToPath(new URL(name, import.meta.url))
  // Without -B the module that the scripts share would leave its compiled form beside it.
  const child = spawn(tool("LATCHKEY_LIVE_PYTHON"), ["-B", script], { env: {} })
  child.stdin.end(JSON.stringify(told))
  const [printed, complaints, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ])
  expect({ code, complaints }).toEqual({ code: 0, complaints: "" })
  return printed.trim().split("\n")
}

// The scripts say what AWS does: one that the stand-in of others failed would hold the sandbox to nothing.
const everywhere = [
  "text",
  "bytes",
  "versions and stages",
  "batches",
  "lists",
  "deleted and restored",
  "roles",
]
const parametersEverywhere = ["text", "sealed", "versions and labels", "several", "lists", "deleted"]

test("boto3 works with the sandbox's Secrets Manager and STS, unchanged", async () => {
  const { url, admin, stop } = await startAws()
  onTestFinished(stop)
  const latchkey = createLatchkey(admin)
  const policy: Policy = {
    Statement: [{ Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: "*" }],
  }
  const roleArn = admin.createRole("boto3", { trusts: [latchkey.arn], externalId: "expected", policy })
  const printed = await runBoto3("secrets_manager_boto3.py", {
    ...{ url, region: "us-east-1", ...admin.accessKey },
    ...{ principal: latchkey, roleArn, externalId: "expected", complete: true },
  })
  expect(printed).toEqual([...everywhere, "moved stages", "denied", "signatures"])
})

test("boto3 works with moto's Secrets Manager and STS the same way, as far as moto goes", async () => {
  const { url, stop } = await startMoto()
  onTestFinished(stop)
  const key = { accessKeyId: "testing", secretAccessKey: "testing" }
  const roleArn = "arn:aws:iam::123456789012:role/any"
  const printed = await runBoto3("secrets_manager_boto3.py", {
    ...{ url, region: "us-east-1", ...key, principal: key, roleArn, externalId: "any" },
    complete: false,
  })
  expect(printed).toEqual(everywhere)
})

test("boto3 works with the sandbox's Parameter Store, unchanged", async () => {
  const { url, admin, stop } = await startAws()
  onTestFinished(stop)
  const { arn: _, ...reader } = admin.createUser("reader", {
    Statement: [
      { Effect: "Allow", Action: "ssm:GetParameters", Resource: "arn:aws:ssm:*:*:parameter/boto/app/*" },
    ],
  })
  const told = { url, region: "us-east-1", ...admin.accessKey, reader, complete: true }
  const printed = await runBoto3("parameter_store_boto3.py", told)
  expect(printed).toEqual([...parametersEverywhere, "selectors", "denied"])
})

test("boto3 works with moto's Parameter Store the same way, as far as moto goes", async () => {
  const { url, stop } = await startMoto()
  onTestFinished(stop)
  const key = { accessKeyId: "testing", secretAccessKey: "testing" }
  const told = { url, region: "us-east-1", ...key, reader: key, complete: false }
  expect(await runBoto3("parameter_store_boto3.py", told)).toEqual(parametersEverywhere)
})
