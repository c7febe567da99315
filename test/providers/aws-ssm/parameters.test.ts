import { describe, expect, test } from "vitest"
import type { ProviderError } from "../../../core/errors.ts"
import { awsSsm } from "../../../core/providers/aws-ssm/index.ts"
import type { ReferenceOptions } from "../../../core/references/reference-options.ts"
import { connection, sandbox } from "../aws/sandbox-client.ts"

const arn = "arn:aws:ssm:us-east-1:123456789012:parameter/prod/db"

const parsed = (path: string, options: ReferenceOptions = {}) => {
  try {
    const { document, path: canonical } = awsSsm.parsePath(path, options)
    return [canonical, document]
  } catch (error) {
    return (error as ProviderError).reason
  }
}

describe("a path", () => {
  test("is a name or an ARN; its version is no part of what allowed paths see", () => {
    expect(parsed("/prod/db")).toEqual(["/prod/db", "/prod/db"])
    expect(parsed("/prod/db:3")).toEqual(["/prod/db", "/prod/db:3"])
    expect(parsed("/prod/db", { version: "3" })).toEqual(["/prod/db", "/prod/db:3"])
    expect(parsed("/prod/db:stable")).toEqual(["/prod/db", "/prod/db:stable"])
    expect(parsed(arn)).toEqual([arn, arn])
    expect(parsed(`${arn}:3`)).toEqual([arn, `${arn}:3`])
  })

  test("is refused where no parameter is called so, or two versions are named", () => {
    for (const path of ["", "a b", "a:b:c", "a:", "ü", "a#b", "arn:aws:s3:::x"])
      expect(parsed(path)).toBe("INVALID_PATH")
    expect(parsed("a:1", { version: "2" })).toBe("INVALID_PATH")
    expect(parsed("a", { stage: "x" })).toBe("INVALID_PATH")
  })
})

describe("reading parameters", () => {
  async function filled(denied = "none") {
    const server = await sandbox()
    const names = Array.from({ length: 25 }, (_, n) => `/s/${n}`)
    for (const Name of names) server.admin.call("PutParameter", { Name, Value: Name, Type: "SecureString" })
    const { arn: _, ...key } = server.admin.createUser("reader", {
      Statement: [
        { Effect: "Allow", Action: "ssm:GetParameters", Resource: "*" },
        { Effect: "Deny", Action: "ssm:*", Resource: `arn:aws:ssm:*:*:parameter/${denied}` },
      ],
    })
    return { server, names, ...connection(server, key, { allowEndpoint: true }, awsSsm) }
  }

  test("ten come in a call, decrypted", async () => {
    const { server, names, fetch } = await filled()
    expect(await fetch(...names)).toEqual(names.map((value) => ({ value })))
    expect(server.requests.counts).toEqual({ GetParameters: 3 })
  })

  test("where one is denied, which denies a whole call, the others are read one by one", async () => {
    const { server, fetch } = await filled("s/1")
    expect(await fetch("/s/0", "/s/1", "/s/none")).toEqual([
      { value: "/s/0" },
      "PERMISSION_DENIED",
      "NOT_FOUND",
    ])
    expect(server.requests.counts).toEqual({ GetParameters: 4 })
  })

  test("an ARN finds what its name does", async () => {
    const { fetch } = await filled()
    const own = "arn:aws:ssm:us-east-1:111122223333:parameter/s/3"
    expect(await fetch("/s/3", own, `${own}:1`, "/s/3:2")).toEqual([
      ...Array(3).fill({ value: "/s/3" }),
      "NOT_FOUND",
    ])
  })
})
