import { afterAll, beforeAll, expect, test, vi } from "vitest"
import { systemClock } from "../../core/clock.ts"
import { dynamoConnectionStore } from "../../core/connections/dynamodb-store.ts"
import { newRequestId } from "../../core/ids.ts"
import type { App } from "../../functions/app.ts"
import { compose } from "../../functions/compose.ts"
import { readEnvironment } from "../../functions/environment.ts"
import { rotationEventsHandler } from "../../functions/rotation-events.ts"
import { startDynamoDb } from "../../local/dynamodb.ts"
import { createTables } from "../../local/tables.ts"
import { sdk, tables } from "../connections/dynamodb-subject.ts"
import { aRecord } from "../connections/records.ts"
import { account, call, region } from "../rotation/recorded-events.ts"
import { capturedOutput, fakeDeps, lambdaContext } from "./fakes.ts"

let server: Awaited<ReturnType<typeof startDynamoDb>>
beforeAll(async () => {
  server = await startDynamoDb()
})
afterAll(() => server.close())

const nobody = () => Promise.reject(new Error("The function has neither a key nor a role to assume."))

/** What `stacks/environment.ts` tells it, and no more: neither Redis nor a key. */
const environment = { CONNECTIONS_TABLE: tables.connections, AUDIT_TABLE: tables.audit }

test("the function clears by what it is told, and by what its role may", async () => {
  const dynamodb = sdk(server.url)
  await createTables(dynamodb, tables)
  const store = dynamoConnectionStore({ client: dynamodb, table: tables.connections, clock: systemClock })
  const record = aRecord({ providerId: "aws", aws: { account, region } })
  const other = aRecord({ providerId: "aws", aws: { account: "210987654321", region } })
  for (const one of [record, other]) await store.create(one, newRequestId())
  const sent: string[] = []
  dynamodb.middlewareStack.add(
    (next, { commandName = "" }) =>
      (input) => {
        sent.push(commandName)
        return next(input)
      },
    { step: "initialize" },
  )

  const output = capturedOutput()
  const clients = { dynamodb, kms: nobody, credentials: nobody }
  const deps = fakeDeps()
  const latchkey = compose(readEnvironment(environment), clients, deps.metrics)
  const handler = rotationEventsHandler({
    ...deps,
    getApp: async () => ({ ...latchkey, directCallers: [] }) as App,
  })
  const events = [1, 2, 3].map((i) => ({ messageId: `${i}`, body: JSON.stringify(call("PutSecretValue")) }))
  expect(await handler({ Records: events }, lambdaContext())).toEqual({ batchItemFailures: [] })

  vi.restoreAllMocks()

  expect(output.logs()).toContainEqual(
    expect.objectContaining({ message: "rotation events", connections: 1 }),
  )
  expect(sent).toEqual(["QueryCommand", "PutItemCommand", "UpdateItemCommand"])
  const { connections } = await store.read("acme", [record.id, other.id])
  expect(connections.get(record.id)).toEqual({
    ...record,
    generation: expect.not.stringMatching(record.generation),
  })
  expect(connections.get(other.id)).toEqual(other)
  dynamodb.destroy()
})
