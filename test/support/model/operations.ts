import { createHmac } from "node:crypto"
import type { NewConnection } from "../../../core/contract/operations/new-connection.ts"
import type { Resolution } from "../../../core/contract/operations/resolve.ts"
import type { ConnectionUpdate } from "../../../core/contract/operations/update-connection.ts"
import type { TestReport } from "../../../core/contract/shapes/test-report.ts"
import { LatchkeyError } from "../../../core/errors.ts"
import { type Answer, allowances, type Change, type Question, type Settings } from "./tenant.ts"

/** One instance of Latchkey, as it serves one platform: what a service asks, and what its admin does. @throws LatchkeyError each */
export interface Operations {
  resolve(request: { value: string[]; projectId?: string }): Promise<Resolution>
  /** Without an id the whole platform's. */
  clear(id?: string): Promise<void>
  /** A connection to the platform's secret manager. */
  create(connection: Required<Pick<NewConnection, "id" | "settings">>): Promise<void>
  update(id: string, patch: ConnectionUpdate): Promise<void>
  remove(id: string): Promise<void>
  test(id: string): Promise<TestReport>
  webhookSecret(id: string): Promise<string>
  rotated(id: string, signature: string): Promise<void>
}

export async function answerTo(
  { documents, project }: Question,
  id: string,
  { resolve }: Operations,
): Promise<Answer[]> {
  const field = (document: string, name: string) => `{{secret://${id}/${document}/${name}}}`
  const value = documents.map((document) => `${field(document, "user")}|${field(document, "password")}`)
  const resolution = await resolve({ value, ...(project && { projectId: project }) })
  return documents.map((_, i) => answerAt(i, resolution))
}

function answerAt(i: number, { value, references }: Resolution): Answer {
  const its = references.filter(({ pointer }) => pointer === `/${i}`)
  const error = its.find(({ error }) => error)?.error
  if (error) return { refused: error.reason ?? error.code }
  const text = Array.isArray(value) ? value[i] : undefined
  const [source, ...others] = new Set(its.map(({ source }) => source))
  if (typeof text !== "string" || !source || others.length > 0) return { refused: "without an answer" }
  const [user = "", password = ""] = text.split("|")
  return { fields: [user, password], source }
}

/** Has a change done, all but editing by hand. Gives the reason or code that it was refused with, if it was. */
export async function carryOut(
  change: Change,
  { platformId, id, now }: { platformId: string; id: string; now: number },
  operations: Operations,
): Promise<string | undefined> {
  try {
    switch (change.kind) {
      case "clear":
        await operations.clear(id)
        break
      case "clear the platform":
        await operations.clear()
        break
      case "call the webhook": {
        const secret = await operations.webhookSecret(id)
        await operations.rotated(id, signed(secret, `${platformId}\n${id}`, now))
        break
      }
      case "test":
        return (await operations.test(id)).steps.at(-1)?.error?.reason
      case "update the config":
        await operations.update(id, { config: {} })
        break
      case "update the settings": {
        const { patterns } = allowances[change.settings.allowance]
        await operations.update(id, { settings: { ...timesOf(change.settings), allowedPaths: patterns } })
        break
      }
      case "update the scope": {
        const { projects } = change
        await operations.update(
          id,
          projects ? { scope: "PROJECT", projectIds: [...projects] } : { scope: "PLATFORM" },
        )
        break
      }
      case "delete":
        await operations.remove(id)
        break
      case "create": {
        const { patterns } = allowances[change.settings.allowance]
        const settings = { ...timesOf(change.settings), ...(patterns && { allowedPaths: patterns }) }
        await operations.create({ id, settings })
        break
      }
      default:
        throw new Error(`${change.kind} is no operation.`)
    }
    return undefined
  } catch (error) {
    if (error instanceof LatchkeyError) return error.fields.reason ?? error.code
    throw error
  }
}

/** As `signRotation` does, but at once: while that waits for another thread, the clock of a test would run. */
function signed(secret: string, whose: string, now: number): string {
  const t = Math.floor(now / 1000)
  return `t=${t},v1=${createHmac("sha256", secret).update(`v1\n${whose}\n${t}\n`).digest("hex")}`
}

const timesOf = ({ ttlSeconds, staleSeconds }: Settings) => ({
  cacheTtlSeconds: ttlSeconds,
  staleIfErrorSeconds: staleSeconds,
})
