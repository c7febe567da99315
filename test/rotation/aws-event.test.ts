import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { readAwsEvent } from "../../core/rotation/aws-event.ts"
import { account, call, changes, others, region } from "./recorded-events.ts"

describe("an event of AWS", () => {
  test.each(Object.entries(changes))("is a change: %s", (_, event) => {
    const service = event.source === "aws.ssm" ? "ssm" : "secretsmanager"
    const at = Date.UTC(2026, 0, 1, 0, 0, 20)
    expect(readAwsEvent(event)).toEqual({ change: { service, account, region, at } })
  })

  test.each(Object.entries(others))("is ignored, with a reason: %s", (_, [event, ignored]) => {
    expect(readAwsEvent(event)).toEqual({ ignored })
  })

  test("is read without an error, whatever it is", () => {
    const mutilated = fc
      .tuple(fc.constantFrom(...Object.keys(call("PutSecretValue"))), fc.anything())
      .map(([field, value]) => ({ ...call("PutSecretValue"), [field]: value }))
    fc.assert(
      fc.property(fc.oneof(fc.anything(), mutilated), (event) => {
        const reading = readAwsEvent(event)
        expect("ignored" in reading || /^\d{12}$/.test(reading.change.account)).toBe(true)
      }),
    )
  })

  test("is read however deep it nests", () => {
    let deep: unknown = 1
    for (let level = 0; level < 100_000; level++) deep = [deep]
    expect(readAwsEvent(call("PutSecretValue", { requestParameters: deep }))).toHaveProperty("change")
  })
})
