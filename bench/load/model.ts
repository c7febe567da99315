/**
 * What a resolve may answer. Secrets have versions, in a secret manager of each platform; a connection may go on answering
 * with an old one until a clear of its cache is acknowledged, and whatever is read later is at least as new as what was
 * there when that clear was sent.
 */
export interface Model {
  /** The first half of a rotation: what is now to be written. Undefined while that secret's last one is not written yet. */
  beginRotation(platformId: string, secret: number): Rotation | undefined
  /** A clear of these connections is about to be sent. To be called when it is acknowledged, and only then. */
  beginClear(platformId: string, connectionIds: readonly string[]): () => void
  /** A resolve is about to be sent. Gives the judge of its answer. */
  beginResolve(platformId: string, reads: readonly Read[]): Judge
}

export interface Rotation {
  fields: Fields
  /** To be called when the secret manager has it. */
  written(): void
}

export interface Read {
  connectionId: string
  secret: number
}

/** Of one secret, always renewed together. */
export interface Fields {
  username: string
  password: string
}

/** What is wrong with the answer to each read, in words; nothing where all of it may be. */
export type Judge = (answers: readonly Fields[]) => string[]

interface SecretState {
  /** The version last written, or being written. */
  begun: number
  /** The version that the secret manager has for certain. */
  written: number
}

/** The fields of a version. They name where they belong, so that nobody else's can pass for them. */
export function fieldsOf(platformId: string, secret: number, version: number): Fields {
  const text = (field: string) => `${field} of secret ${secret} of ${platformId}, version ${version}`
  return { username: text("username"), password: text("password") }
}

/** Platforms with the same numbers of secrets, each at version 1. */
export function createModel(options: {
  platforms: ReadonlyMap<string, readonly string[]>
  secrets: number
}): Model {
  const { platforms, secrets } = options
  const states = new Map<string, SecretState[]>()
  /** The oldest version of each secret that a connection may still answer with. */
  const oldest = new Map<string, number[]>()
  for (const [platformId, connectionIds] of platforms) {
    states.set(
      platformId,
      Array.from({ length: secrets }, () => ({ begun: 1, written: 1 })),
    )
    for (const id of connectionIds) oldest.set(id, Array.from({ length: secrets }).fill(1) as number[])
  }

  function stateOf(platformId: string, secret: number): SecretState {
    const state = states.get(platformId)?.[secret]
    if (!state) throw new RangeError(`There is no secret ${secret} of ${platformId} in the model.`)
    return state
  }
  const oldestOf = ({ connectionId, secret }: Read) => oldest.get(connectionId)?.[secret] ?? 1

  return {
    beginRotation(platformId, secret) {
      const state = stateOf(platformId, secret)
      if (state.begun !== state.written) return undefined
      const version = ++state.begun
      return {
        fields: fieldsOf(platformId, secret, version),
        written: () => {
          state.written = version
        },
      }
    },

    beginClear(platformId, connectionIds) {
      const written = states.get(platformId)?.map((state) => state.written) ?? []
      return () => {
        for (const id of connectionIds) {
          const before = oldest.get(id) ?? []
          oldest.set(
            id,
            written.map((version, secret) => Math.max(version, before[secret] ?? 1)),
          )
        }
      }
    },

    beginResolve(platformId, reads) {
      const bounds = reads.map((read) => ({ ...read, oldest: oldestOf(read) }))
      return (answers) =>
        bounds.flatMap(({ connectionId, secret, oldest }, i) => {
          const wrong = faultOf(answers[i], platformId, secret, oldest, stateOf(platformId, secret).begun)
          return wrong === undefined ? [] : [`secret ${secret} by ${connectionId}: ${wrong}`]
        })
    },
  }
}

function faultOf(
  answer: Fields | undefined,
  platformId: string,
  secret: number,
  oldest: number,
  newest: number,
): string | undefined {
  const version = Number(/, version (\d+)$/.exec(answer?.username ?? "")?.[1])
  const meant = fieldsOf(platformId, secret, version)
  if (answer?.username !== meant.username) return `not a value of this secret: ${JSON.stringify(answer)}`
  if (answer.password !== meant.password) return `torn: ${JSON.stringify(answer)}`
  if (version < oldest)
    return `version ${version}, though a clear was acknowledged that found version ${oldest}`
  if (version > newest) return `version ${version}, which nobody has written`
  return undefined
}
