import { expect, onTestFinished, test } from "vitest"
import { createLatchkey } from "../../local/secret-managers/aws/admin.ts"
import { startAws } from "../../local/secret-managers/aws/server.ts"
import type { Policy } from "../../local/secret-managers/aws/state.ts"
import { runScript } from "./script.ts"
import { startMoto } from "./servers.ts"

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

const driveSecrets = (told: ToldOfSecrets) => runScript("secrets_manager_boto3.py", told)
const driveParameters = (told: ToldOfParameters) => runScript("parameter_store_boto3.py", told)

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
  const printed = await driveSecrets({
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
  const printed = await driveSecrets({
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
  const printed = await driveParameters(told)
  expect(printed).toEqual([...parametersEverywhere, "selectors", "denied"])
})

test("boto3 works with moto's Parameter Store the same way, as far as moto goes", async () => {
  const { url, stop } = await startMoto()
  onTestFinished(stop)
  const key = { accessKeyId: "testing", secretAccessKey: "testing" }
  const told = { url, region: "us-east-1", ...key, reader: key, complete: false }
  expect(await driveParameters(told)).toEqual(parametersEverywhere)
})
