import { describe, expect, test } from "vitest"
import type { AwsServer } from "../../../local/secret-managers/aws/server.ts"
import { allow, connection, sandbox } from "./sandbox-client.ts"

const names = (count: number) => Array.from({ length: count }, (_, n) => `s/${String(n).padStart(2, "0")}`)
const values = (count: number) => names(count).map((string) => ({ string }))

async function filled(...actions: string[]) {
  const server = await sandbox()
  for (const name of names(45)) server.admin.put(name, name)
  const { arn: _, ...key } = server.admin.createUser("reader", allow("GetSecretValue", ...actions))
  return { server, ...connection(server, key) }
}

const counts = ({ requests }: AwsServer) => requests.counts

describe("reading secrets", () => {
  test("up to three are read one by one, from four on in batches of twenty", async () => {
    const { server, fetch } = await filled("BatchGetSecretValue")
    expect(await fetch(...names(3))).toEqual(values(3))
    expect(counts(server)).toEqual({ GetSecretValue: 3 })
    server.requests.reset()
    expect(await fetch(...names(4))).toEqual(values(4))
    expect(counts(server)).toEqual({ BatchGetSecretValue: 1 })
    server.requests.reset()
    expect(await fetch(...names(45))).toEqual(values(45))
    expect(counts(server)).toEqual({ BatchGetSecretValue: 3 })
  })

  test("versions and stages are read one by one, since batches have none", async () => {
    const { server, fetch } = await filled("BatchGetSecretValue")
    server.admin.put("s/00", "now")
    expect(await fetch(...names(4), "s/00?stage=AWSPREVIOUS")).toEqual([
      { string: "now" },
      ...values(4).slice(1),
      { string: "s/00" },
    ])
    expect(counts(server)).toEqual({ BatchGetSecretValue: 1, GetSecretValue: 1 })
  })

  test("a batch that comes in pages is read to its end", async () => {
    const { server, fetch } = await filled("BatchGetSecretValue")
    server.faults.set({ pageSize: 3, operation: "BatchGetSecretValue" })
    expect(await fetch(...names(8))).toEqual(values(8))
    expect(counts(server)).toEqual({ BatchGetSecretValue: 3 })
  })

  test("each secret of a batch has an answer of its own", async () => {
    const { server, fetch } = await filled("BatchGetSecretValue")
    server.admin.call("DeleteSecret", { SecretId: "s/01" })
    expect(await fetch("s/00", "s/01", "s/none", "s/02")).toEqual([
      { string: "s/00" },
      "DELETED",
      "NOT_FOUND",
      { string: "s/02" },
    ])
    expect(counts(server)).toEqual({ BatchGetSecretValue: 1 })
  })

  test("a name, an ARN and an ARN without its end are found in one batch", async () => {
    const { server, fetch } = await filled("BatchGetSecretValue")
    const arn = String(server.admin.call("DescribeSecret", { SecretId: "s/00" }).ARN)
    const all = ["s/00", arn, arn.slice(0, -7), "s/01"]
    expect(await fetch(...all)).toEqual([...Array(3).fill({ string: "s/00" }), { string: "s/01" }])
    expect(counts(server)).toEqual({ BatchGetSecretValue: 1 })
  })

  test("where batches are denied they are read one by one, and the denial is remembered", async () => {
    const { server, fetch } = await filled()
    expect(await fetch(...names(5))).toEqual(values(5))
    expect(counts(server)).toEqual({ BatchGetSecretValue: 1, GetSecretValue: 5 })
    expect(await fetch(...names(5))).toEqual(values(5))
    expect(counts(server)).toEqual({ BatchGetSecretValue: 1, GetSecretValue: 10 })
  })

  test("where batches are throttled they are read one by one at once, and tried in batches again", async () => {
    const { server, fetch } = await filled("BatchGetSecretValue")
    server.faults.set({ error: "ThrottlingException", operation: "BatchGetSecretValue", times: 1 })
    expect(await fetch(...names(5))).toEqual(values(5))
    expect(counts(server)).toEqual({ BatchGetSecretValue: 1, GetSecretValue: 5 })
    expect(await fetch(...names(5))).toEqual(values(5))
    expect(counts(server)).toEqual({ BatchGetSecretValue: 2, GetSecretValue: 5 })
  })

  test("nothing more is read once the credentials are refused", async () => {
    const { server, fetch } = await filled("BatchGetSecretValue")
    server.faults.set({ error: "UnrecognizedClientException" })
    expect(await fetch(...names(45))).toEqual(Array(45).fill("BAD_CREDENTIALS"))
    expect(server.requests.count()).toBeLessThanOrEqual(8)
  })
})

describe("what AWS's errors mean", () => {
  test.each([
    ["ResourceNotFoundException", "NOT_FOUND"],
    ["AccessDeniedException", "PERMISSION_DENIED"],
    ["DecryptionFailure", "PERMISSION_DENIED"],
    ["InvalidRequestException", "DELETED"],
    ["UnrecognizedClientException", "BAD_CREDENTIALS"],
    ["InvalidClientTokenId", "BAD_CREDENTIALS"],
    ["ExpiredTokenException", "BAD_CREDENTIALS"],
    ["InvalidSignatureException", "BAD_CREDENTIALS"],
    ["ThrottlingException", "THROTTLED"],
    ["InvalidParameterException", "INVALID_PATH"],
    ["InternalServiceError", "PROVIDER_ERROR"],
    ["SomethingNew", "PROVIDER_ERROR"],
    ["constructor", "PROVIDER_ERROR"],
  ])("%s is %s, by its name and never its text", async (error, reason) => {
    const { server, client } = await filled()
    server.faults.set({ error })
    const result = (await client.fetch(["s/00"], new AbortController().signal)).get("s/00")
    if (!result || result.ok) throw new Error("It should have failed.")
    expect(result.error).toMatchObject({ reason, upstream: { status: 400, code: error } })
    expect(JSON.stringify(result.error) + result.error.message).not.toContain("sandbox was told")
  })

  test("what is not AWS is said to be something else", async () => {
    const { server, fetch } = await filled()
    server.faults.set({ body: "<html>login</html>" })
    expect(await fetch("s/00")).toEqual(["PROVIDER_ERROR"])
    server.faults.set({ body: "{}" })
    expect(await fetch("s/00")).toEqual(["PROVIDER_ERROR"])
  })
})
