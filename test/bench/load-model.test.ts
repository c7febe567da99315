import { describe, expect, test } from "vitest"
import { createModel, type Fields, fieldsOf } from "../../bench/load/model.ts"

const [acme, connection, another] = ["acme", "connection-1", "connection-2"]

const model = () => createModel({ platforms: new Map([[acme, [connection, another]]]), secrets: 2 })

const reads = [{ connectionId: connection, secret: 0 }]

function rotate(given: ReturnType<typeof model>, secret = 0): Fields {
  const rotation = given.beginRotation(acme, secret)
  rotation?.written()
  return rotation?.fields ?? fieldsOf("nobody", 0, 0)
}

describe("under load", () => {
  test("a resolve may answer with the old version until a clear is acknowledged, and with the new one", () => {
    const given = model()
    const judge = given.beginResolve(acme, reads)
    const renewed = rotate(given)
    const acknowledge = given.beginClear(acme, [connection])
    const judgeBeforeTheAnswer = given.beginResolve(acme, reads)
    acknowledge()
    for (const one of [judge, judgeBeforeTheAnswer])
      for (const answer of [fieldsOf(acme, 0, 1), renewed]) expect(one([answer])).toEqual([])
  })

  test("a resolve that begins after a clear was acknowledged may not answer with what was there before it", () => {
    const given = model()
    const renewed = rotate(given)
    given.beginClear(acme, [connection])()
    const judge = given.beginResolve(acme, [...reads, { connectionId: another, secret: 0 }])
    expect(judge([renewed, fieldsOf(acme, 0, 1)])).toEqual([])
    expect(judge([fieldsOf(acme, 0, 1), renewed])).toEqual([
      "secret 0 by connection-1: version 1, though a clear was acknowledged that found version 2",
    ])
  })

  test("a clear demands nothing of what is written after it was sent", () => {
    const given = model()
    const acknowledge = given.beginClear(acme, [connection])
    rotate(given)
    acknowledge()
    expect(given.beginResolve(acme, reads)([fieldsOf(acme, 0, 1)])).toEqual([])
  })

  test("a secret is rotated by one caller at a time", () => {
    const given = model()
    const rotation = given.beginRotation(acme, 0)
    expect(given.beginRotation(acme, 0)).toBeUndefined()
    rotation?.written()
    expect(given.beginRotation(acme, 0)?.fields).toEqual(fieldsOf(acme, 0, 3))
  })

  test.each<[what: string, answer: Fields | undefined]>([
    ["a version that nobody has written", fieldsOf(acme, 0, 2)],
    ["another secret", fieldsOf(acme, 1, 1)],
    ["another platform's secret", fieldsOf("globex", 0, 1)],
    ["a torn pair", { ...fieldsOf(acme, 0, 1), password: fieldsOf(acme, 0, 0).password }],
    ["nothing", undefined],
  ])("%s is a wrong answer", (_, answer) => {
    const judge = model().beginResolve(acme, reads)
    expect(judge(answer ? [answer] : [])).toHaveLength(1)
  })
})
