import { ProviderError, type Reason } from "../../errors.ts"
import { namedError } from "../aws/answers.ts"
import { gatherResults } from "../gather-results.ts"
import { forEachParallel } from "../parallel.ts"
import type { FetchResult } from "../provider.ts"
import { batchSize, type Parameter, type ParameterStore } from "./parameter-store.ts"

const concurrency = 8
const operation = "read parameters"

/** What a call is answered as a whole though each of its parameters, asked for alone, has an answer of its own. */
const askSingly: ReadonlySet<Reason> = new Set(["PERMISSION_DENIED", "INVALID_PATH"])

/**
 * Reads parameters, ten in a call. AWS refuses the whole call where one of them is denied or malformed: those are then
 * read one by one, so that each has an answer of its own. Where the credentials are refused nothing more is read.
 */
export async function readParameters({
  store,
  documents,
  signal,
}: {
  store: Pick<ParameterStore, "get">
  documents: readonly string[]
  signal: AbortSignal
}): Promise<Map<string, FetchResult>> {
  const { results, settle } = gatherResults(signal)

  /** Leaves out what the answer leaves open. */
  async function readMany(names: readonly string[]): Promise<void> {
    try {
      const { found, invalid } = await store.get(names, signal)
      for (const name of names) {
        const parameter = found.find((one) => isCalled(one, name))
        if (parameter) results.set(name, resultOf(parameter))
        else if (invalid.includes(name)) results.set(name, { ok: false, error: missing() })
      }
    } catch (error) {
      if (!(error instanceof ProviderError && askSingly.has(error.reason))) throw error
    }
  }

  async function readOne(name: string): Promise<void> {
    const { found, invalid } = await store.get([name], signal)
    const parameter = found.find((one) => isMeantBy(one, name))
    if (parameter) results.set(name, resultOf(parameter))
    else throw invalid.includes(name) ? missing() : withoutAnswer()
  }

  const batches = batchesOf(documents).filter(({ length }) => length > 1)
  await forEachParallel(batches, concurrency, (batch) => settle(batch, () => readMany(batch)))
  const left = documents.filter((document) => !results.has(document))
  await forEachParallel(left, concurrency, (document) => settle([document], () => readOne(document)))
  return results
}

/** Ten in each, but no two versions of one parameter: nothing but the selector would tell their values apart. */
function batchesOf(documents: readonly string[]): string[][] {
  const batches: { documents: string[]; names: Set<string> }[] = []
  for (const document of documents) {
    const name = bareName(document)
    let batch = batches.find(({ documents, names }) => documents.length < batchSize && !names.has(name))
    if (!batch) {
      batch = { documents: [], names: new Set() }
      batches.push(batch)
    }
    batch.documents.push(document)
    batch.names.add(name)
  }
  return batches.map(({ documents }) => documents)
}

/** A name or an ARN without version and label; in an ARN the name follows a slash. */
const bareName = (document: string) => document.replace(/:[A-Za-z0-9_.-]+$/, "")

/** AWS gives the selector apart from the name, and some parameters by their ARN. */
function isCalled({ name, arn, selector }: Parameter, asked: string): boolean {
  return asked === name + selector || asked === arn + selector
}

/** Of one asked for alone the name is enough: servers that stand in for AWS leave the selector out. */
function isMeantBy(parameter: Parameter, asked: string): boolean {
  const { name, arn, selector } = parameter
  return isCalled(parameter, asked) || (selector === "" && [name, arn].includes(bareName(asked)))
}

const resultOf = ({ value, version }: Parameter): FetchResult => ({
  ok: true,
  content: { value },
  ...(version === undefined ? {} : { version }),
})

const missing = () => namedError("ParameterNotFound", { operation, thing: "parameter" })

/** Neither a value nor the word that there is none. */
const withoutAnswer = () =>
  new ProviderError(
    "PROVIDER_ERROR",
    "AWS answered without the parameter, and without saying that it is missing. Check `endpoint`, and try again.",
    { upstream: { operation, status: 200 } },
  )
