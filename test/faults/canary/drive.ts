import type { ProviderInfo } from "../../../core/contract/shapes/provider.ts"
import { admin } from "../../support/sandbox-api.ts"
import { createCalls } from "./calls.ts"
import { faults, faultsOfAll } from "./faults.ts"
import type { Stage } from "./stage.ts"
import type { Config, Target } from "./target.ts"

/** One run through the operations, on a platform of its own. */
export interface Run {
  way: string
  fault: string
  config: Config
}

export const calm = "nothing wrong"

/** What answers to a call are named by. */
export const nameOf = ({ fault, way }: Pick<Run, "fault" | "way">) => `${fault} by ${way}`

/** Drives every operation by each way to connect, well and through failures: the first way's through all there are. */
export async function drive(stage: Stage, target: Target) {
  const { text } = await stage.api.as(admin("acme")).get("/providers")
  const { data }: { data: ProviderInfo[] } = JSON.parse(text)
  const fields = data.find(({ id }) => id === target.providerId)?.fields ?? []
  const secretFields = fields.filter(({ type }) => type === "password").map(({ name }) => name)
  const calls = createCalls(stage, target, secretFields)
  const runs: Run[] = []
  const titles = new Set<string>()

  /** @param begin given what a failure may tell; gives what ends it */
  async function run(way: string, fault: string, begin: (words: string) => () => void, whole: boolean) {
    const id = `${way} ${fault}`.replace(/\W+/g, "-")
    const config = (await target.ways[way]?.(id)) ?? {}
    runs.push({ way, fault, config })
    const platform = await calls.prepare(id, config)
    await calls.resolveAll(platform)
    const words = [target.values, target.names, config].flatMap((one) => Object.values(one)).join(" ")
    const end = begin(words)
    await calls.callAll(
      nameOf({ way, fault }),
      platform,
      whole ? runs.map(({ config }) => config) : undefined,
    )
    end()
    titles.add(process.title)
  }

  const [first = "", ...others] = Object.keys(target.ways)
  const wires = (decide: Parameters<(typeof target.wires)[number]["decide"]>[0]) => {
    for (const wire of target.wires) wire.decide(decide)
  }
  const misbehaviours = Object.entries(faults)
  for (const way of [first, ...others]) {
    await run(way, calm, () => () => {}, true)
    for (const [fault, misbehave] of way === first ? misbehaviours : misbehaviours.slice(0, faultsOfAll))
      await run(
        way,
        fault,
        (words) => {
          wires(misbehave(words))
          return () => wires(() => "forward")
        },
        false,
      )
  }
  for (const [fault, { way, begin }] of Object.entries(target.failures ?? {}))
    await run(way, fault, begin, false)
  for (const [name, { faults }] of target.outages ? Object.entries(stage.parts) : [])
    await run(
      first,
      `no ${name}`,
      () => {
        faults.mode = "refuse"
        return () => {
          faults.mode = "answer"
        }
      },
      true,
    )
  return { fields, secretFields, runs, titles, answers: calls.answers, secrets: calls.secrets }
}

export type Driven = Awaited<ReturnType<typeof drive>>
