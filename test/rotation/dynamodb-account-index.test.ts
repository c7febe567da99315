import type { DynamoDBClient, QueryCommand } from "@aws-sdk/client-dynamodb"
import { describe, expect, test } from "vitest"
import { dynamoAccountIndex } from "../../core/rotation/dynamodb-account-index.ts"

/** A DynamoDB that answers query after query. What the index holds is in the store's suite. */
function answering(...answers: (object | Error)[]) {
  const asked: QueryCommand["input"][] = []
  const client = {
    async send({ input }: QueryCommand) {
      asked.push(input)
      const answer = answers.shift()
      if (answer instanceof Error) throw answer
      return answer
    },
  }
  const index = dynamoAccountIndex({ client: client as unknown as DynamoDBClient, table: "connections" })
  return { index, asked }
}

const item = (id: string) => ({
  pk: { S: "acme" },
  sk: { S: `connection#${id}` },
  providerId: { S: "aws" },
  awsAccount: { S: "123456789012" },
  awsRegion: { S: "us-west-2" },
})
const { signal } = new AbortController()

describe("the index of accounts over DynamoDB", () => {
  test("goes on from page to page, empty ones too, and asks for the next when it is wanted", async () => {
    const [one, three] = [{ pk: { S: "1" } }, { pk: { S: "3" } }]
    const { index, asked } = answering(
      { Items: [item("a")], LastEvaluatedKey: one },
      { Items: [], LastEvaluatedKey: three },
      { Items: [item("b")] },
    )
    const pages: string[][] = []
    for await (const page of index.find("123456789012", undefined, signal)) {
      pages.push(page.map(({ id }) => id))
      expect(asked).toHaveLength(pages.length)
    }
    expect(pages).toEqual([["a"], [], ["b"]])
    expect(asked.map(({ ExclusiveStartKey }) => ExclusiveStartKey)).toEqual([undefined, one, three])
    expect(asked.every(({ IndexName }) => IndexName === "byAccount")).toBe(true)
  })

  test("that cannot be reached is UNAVAILABLE", async () => {
    const { index } = answering(new Error("socket hang up"))
    const reading = index.find("123456789012", undefined, signal)[Symbol.asyncIterator]().next()
    await expect(reading).rejects.toMatchObject({ code: "UNAVAILABLE" })
  })
})
