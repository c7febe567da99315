import fc from "fast-check"
import { expect, test } from "vitest"
import { ProviderError } from "../../core/errors.ts"
import type { Json } from "../../core/json.ts"
import type { Connection } from "./connection.ts"
import type { Altered } from "./proxy.ts"
import type { TestServer } from "./subject.ts"
import { type Traces, traces } from "./traces.ts"

/** What the suite lends these tests. */
interface Parts {
  server(): Pick<TestServer, "siblings" | "others" | "config" | "browsing">
  /** What stands before the server, and is asked with each answer what becomes of it. */
  proxy(): { url: string; decide(fate: () => "forward" | Altered): void }
  connect(config: Record<string, unknown>, seen: Traces): Connection
}

const marker = "words-of-a-hostile-server"
const MiB = 1024 * 1024
const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels)

/** In the place of a part of an answer, as JSON. */
const parts = [
  ...["null", "true", "0", "-1", "1.5", "1e300", '""', "[]", "{}", "[null]", "[[]]", "[{}]", "[1]"],
  ...[
    `"${marker}"`,
    `["${marker}"]`,
    `{"${marker}":{}}`,
    `"${marker}\\r\\nx: y"`,
    `"\\u0000\\ud800${marker}"`,
  ],
  ...[`{"__proto__":{"${marker}":1}}`, '{"length":1e9}', '{"toString":1,"then":1}', deep(50), deep(20_000)],
  ...[`"${"x".repeat(100_000)}"`, `[${"0,".repeat(50_000)}0]`, `"${"x".repeat(5 * MiB)}"`],
]

/** In the place of an answer as a whole. */
const wholes = [
  ...["", " ", "{", marker, `{"${marker}`, "<", `<r>${marker}</r>`, "\u0000", "\ufeff{}", deep(200_000)],
  ...['{"a":'.repeat(100_000), "&".repeat(500_000), "<a>".repeat(200_000), "x".repeat(5 * MiB)],
]

/** What becomes of an answer; `at` picks the place, as a share of all there are. */
type Change = { at: number } & ({ part: string } | { whole: string } | { remove: true } | { cut: true })

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ at: share(), part: fc.constantFrom(...parts) }) },
  { weight: 2, arbitrary: fc.record({ at: share(), remove: fc.constant(true as const) }) },
  { weight: 1, arbitrary: fc.record({ at: share(), cut: fc.constant(true as const) }) },
  { weight: 1, arbitrary: fc.record({ at: share(), whole: fc.constantFrom(...wholes) }) },
)

function share(): fc.Arbitrary<number> {
  return fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
}

/** A secret manager is whatever an admin named: what it answers is a value, a list, or a failure that is told as one. */
export function nonsense({ server, proxy, connect }: Parts): void {
  test("are failures or values, in time, and none of their words are repeated", async () => {
    const { siblings, others } = server()
    const told = traces()
    // Names in a list are the server's own words.
    const seen: Traces = { ...told, add: (trace) => isList(trace) || told.add(trace) }
    const run = async (changes: Change[], from: number): Promise<void> => {
      const { browsing, config } = server()
      const client = connect((browsing?.config ?? config)(proxy().url), seen)
      let answers = 0
      proxy().decide(() => {
        const one = answers++ < from ? undefined : changes[(answers - from) % changes.length]
        return one ? { alter: (body) => altered(body, one) } : "forward"
      })
      // Anything but a `ProviderError` is thrown on.
      await client.resolve(siblings[0], ...others)
      await client.check().catch(providerError)
      for (const prefix of browsing ? ["", browsing.long.prefix] : [])
        await client.browse(prefix).catch(providerError)
    }
    const from = fc.oneof(fc.constant(0), fc.nat(4))
    await fc.assert(fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), from, run), {
      numRuns: 40,
      // What passed yesterday passes today: other seeds are tried by hand.
      seed: Number(process.env.FUZZ_SEED ?? 1),
      timeout: 12_000,
      endOnFailure: true,
    })
    expect(told.count).toBeGreaterThan(10)
    expect(told.found([marker])).toEqual([])
  }, 60_000)
}

const isList = (trace: unknown) => typeof trace === "object" && trace !== null && "data" in trace

function providerError(error: unknown): void {
  if (!(error instanceof ProviderError)) throw error
}

function altered(body: Buffer, change: Change): Buffer {
  if ("whole" in change) return Buffer.from(change.whole)
  if ("cut" in change) return body.subarray(0, Math.floor(change.at * body.length))
  const text = body.toString()
  try {
    return Buffer.from(withAnotherPart(JSON.parse(text), change))
  } catch {
    // No JSON: a range of its text.
    const at = Math.floor(change.at * text.length)
    const other = "part" in change ? change.part : ""
    return Buffer.from(text.slice(0, at) + other + text.slice(at + 8))
  }
}

/** The answer's JSON, written with something else in one of its places, or nothing. */
function withAnotherPart(answer: Json, change: Change): string {
  const place = '"the place that is to change"'
  const places: { of: Record<string, Json>; key: string }[] = [{ of: { "": answer }, key: "" }]
  for (let i = 0; i < places.length && places.length < 2_000; i++) {
    const { of, key } = places[i] as (typeof places)[number]
    const value = of[key]
    if (typeof value === "object" && value !== null)
      places.push(...Object.keys(value).map((key) => ({ of: value as Record<string, Json>, key })))
  }
  const [root] = places
  const chosen = places[Math.floor(change.at * places.length)]
  if (!root || !chosen) return ""
  if ("remove" in change) delete chosen.of[chosen.key]
  else chosen.of[chosen.key] = JSON.parse(place)
  const text = JSON.stringify(root.of[""]) ?? ""
  return "part" in change ? text.replace(place, () => change.part) : text
}
