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

/** What the script is told; its `principal` has the keys of an account apart. */
interface Told {
  url: string
  region: string
  accessKeyId: string
  secretAccessKey: string
  principal: { accessKeyId: string; secretAccessKey: string }
  roleArn: string
  externalId: string
  /** Whether the server moves stages, and checks permissions and signatures, which moto does not. */
  complete: boolean
}

/** Runs the script with no AWS_* variables to mislead it, and gives the lines it printed. */
async function runBoto3(told: Told): Promise<string[]> {
  const script = fileURLToPath(new URL("secrets_manager_boto3.py", import.meta.url))
  const child = spawn(tool("LATCHKEY_LIVE_PYTHON"), [script], { env: {} })
  child.stdin.end(JSON.stringify(told))
  const [printed, complaints, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ])
  expect({ code, complaints }).toEqual({ code: 0, complaints: "" })
  return printed.trim().split("\n")
}

// The script says what AWS does: one that the stand-in of others failed would hold the sandbox to nothing.
const everywhere = [
  "text",
  "bytes",
  "versions and stages",
  "batches",
  "lists",
  "deleted and restored",
  "roles",
]

test("boto3 works with the sandbox's AWS, unchanged", async () => {
  const { url, admin, stop } = await startAws()
  onTestFinished(stop)
  const latchkey = createLatchkey(admin)
  const policy: Policy = {
    Statement: [{ Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: "*" }],
  }
  const roleArn = admin.createRole("boto3", { trusts: [latchkey.arn], externalId: "expected", policy })
  const printed = await runBoto3({
    ...{ url, region: "us-east-1", ...admin.accessKey },
    ...{ principal: latchkey, roleArn, externalId: "expected", complete: true },
  })
  expect(printed).toEqual([...everywhere, "moved stages", "denied", "signatures"])
})

test("boto3 works with moto the same way, as far as moto goes", async () => {
  const { url, stop } = await startMoto()
  onTestFinished(stop)
  const key = { accessKeyId: "testing", secretAccessKey: "testing" }
  const roleArn = "arn:aws:iam::123456789012:role/any"
  const printed = await runBoto3({
    ...{ url, region: "us-east-1", ...key, principal: key, roleArn, externalId: "any" },
    complete: false,
  })
  expect(printed).toEqual(everywhere)
})
