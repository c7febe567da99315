import { authorize } from "./iam.ts"
import { AwsError, type Call, needed, seconds, text } from "./protocol.ts"
import { newVersionId, randomText, type SecretVersion, type StoredSecret } from "./state.ts"

/** Where an account's secrets of a region are. */
const placeOf = ({ caller, region }: Call) => `${caller.account}/${region}/`

/** All secrets of the caller's account and region, the latest last. */
export function secretsOf(call: Call): StoredSecret[] {
  const place = placeOf(call)
  return [...call.state.secrets].filter(([key]) => key.startsWith(place)).map(([, secret]) => secret)
}

/**
 * The secret of that name or ARN, whole or without its last six characters, once it is clear that the caller may do this
 * to it: who may not is not told whether it exists.
 * @throws AwsError
 */
export function secretFor(call: Call, action: string, id = needed(call.input, "SecretId")): StoredSecret {
  const secret = secretsOf(call).find(
    ({ name, arn }) => id === name || id === arn || id === arn.replace(/-[A-Za-z0-9]{6}$/, ""),
  )
  const { caller, region } = call
  const named = id.startsWith("arn:") ? id : `arn:aws:secretsmanager:${region}:${caller.account}:secret:${id}`
  authorize(call, `secretsmanager:${action}`, secret?.arn ?? named)
  if (secret) return secret
  throw new AwsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

/** The same, unless it is scheduled for deletion. @throws AwsError */
export function liveSecretFor(call: Call, action: string, id?: string): StoredSecret {
  const secret = id === undefined ? secretFor(call, action) : secretFor(call, action, id)
  if (secret.deleted === undefined) return secret
  throw new AwsError(
    "InvalidRequestException",
    "You can't perform this operation on the secret because it was marked for deletion.",
  )
}

/** The version that is asked for by id, stage or neither. @throws AwsError */
export function versionIn(
  { versions }: StoredSecret,
  { id, stage }: { id?: string | undefined; stage?: string | undefined },
): { id: string; version: SecretVersion } {
  if (id !== undefined) {
    const version = versions.get(id)
    if (!version) throw noValue(`VersionId: ${id}`)
    if (stage === undefined || version.stages.includes(stage)) return { id, version }
    throw new AwsError(
      "InvalidRequestException",
      "You provided a VersionStage that is not associated to the provided VersionId.",
    )
  }
  const wanted = stage ?? "AWSCURRENT"
  const found = [...versions].find(([, { stages }]) => stages.includes(wanted))
  if (!found) throw noValue(`staging label: ${wanted}`)
  return { id: found[0], version: found[1] }
}

const noValue = (what: string) =>
  new AwsError(
    "ResourceNotFoundException",
    `Secrets Manager can't find the specified secret value for ${what}`,
  )

/** @throws AwsError */
export function createSecret(call: Call): { secret: StoredSecret; versionId?: string } {
  const name = needed(call.input, "Name")
  const { caller, region, state } = call
  if (!/^[A-Za-z0-9/_+=.@-]{1,512}$/.test(name)) {
    throw new AwsError(
      "ValidationException",
      "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
    )
  }
  const arn = `arn:aws:secretsmanager:${region}:${caller.account}:secret:${name}-${randomText(6, letters)}`
  authorize(call, "secretsmanager:CreateSecret", arn)
  const existing = state.secrets.get(placeOf(call) + name)
  if (existing?.deleted !== undefined) {
    throw new AwsError(
      "InvalidRequestException",
      "You can't create this secret because a secret with this name is already scheduled for deletion.",
    )
  }
  if (existing) {
    throw new AwsError(
      "ResourceExistsException",
      `The operation failed because the secret ${name} already exists.`,
    )
  }
  const now = seconds(call.clock)
  const secret: StoredSecret = {
    arn,
    name,
    description: text(call.input, "Description") ?? "",
    created: now,
    changed: now,
    versions: new Map(),
  }
  const versionId = hasValue(call) ? addVersion(call, secret) : undefined
  state.secrets.set(placeOf(call) + name, secret)
  return { secret, ...(versionId === undefined ? {} : { versionId }) }
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

export function removeSecret(call: Call, secret: StoredSecret): void {
  call.state.secrets.delete(placeOf(call) + secret.name)
}

export const hasValue = ({ input }: Call): boolean =>
  text(input, "SecretString") !== undefined || text(input, "SecretBinary") !== undefined

/** Adds the input's value as a version, which takes the stages from those that had them. @throws AwsError */
export function addVersion(
  call: Call,
  secret: StoredSecret,
  stages: readonly string[] = ["AWSCURRENT"],
): string {
  const { input, clock } = call
  const string = text(input, "SecretString")
  const binary = text(input, "SecretBinary")
  if ((string === undefined) === (binary === undefined)) {
    throw new AwsError(
      "InvalidParameterException",
      "You must provide SecretString or SecretBinary, not both.",
    )
  }
  if (Buffer.byteLength(string ?? Buffer.from(binary ?? "", "base64")) > 65_536) {
    throw new AwsError("ValidationException", "The secret value is larger than 65536 bytes.")
  }
  const id = text(input, "ClientRequestToken") ?? newVersionId()
  const value = string === undefined ? { binary: binary ?? "" } : { string }
  const existing = secret.versions.get(id)
  if (existing) {
    if (existing.string === string && existing.binary === binary) return id
    throw new AwsError(
      "ResourceExistsException",
      "You can't modify an existing version, you can only create a new version.",
    )
  }
  secret.versions.set(id, { ...value, created: seconds(clock), stages: [] })
  for (const stage of stages) moveStage(secret, stage, id)
  secret.changed = seconds(clock)
  return id
}

/** Gives a stage to one version. What was current becomes the previous one; what has no stage is forgotten. */
export function moveStage({ versions }: StoredSecret, stage: string, to: string | undefined): void {
  const take = (label: string) => {
    for (const version of versions.values()) version.stages = version.stages.filter((one) => one !== label)
  }
  const before = [...versions].find(([, { stages }]) => stages.includes(stage))?.[0]
  take(stage)
  const receiver = to === undefined ? undefined : versions.get(to)
  receiver?.stages.push(stage)
  if (stage === "AWSCURRENT" && before !== undefined && before !== to) {
    take("AWSPREVIOUS")
    versions.get(before)?.stages.push("AWSPREVIOUS")
  }
}
