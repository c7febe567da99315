import { own } from "../../../core/json.ts"
import { authorize } from "./iam.ts"
import { page } from "./pages.ts"
import { passesFilters } from "./parameter-filters.ts"
import { AwsError, type Call, needed, seconds, text, texts } from "./protocol.ts"
import type { StoredParameter } from "./state.ts"

type Output = { [key: string]: unknown }

/**
 * The operations of Parameter Store that read, list and write parameters; not hierarchies, tags, policies and tiers.
 * https://docs.aws.amazon.com/systems-manager/latest/APIReference/
 */
export const parameterStoreOperations: Readonly<Record<string, (call: Call) => Output>> = {
  GetParameter: (call) => {
    const name = needed(call.input, "Name")
    const found = find(call, "GetParameter", name)
    if (!found) throw new AwsError("ParameterNotFound", "")
    return { Parameter: shown(call, found) }
  },

  GetParameters: (call) => {
    const names = texts(call.input, "Names") ?? []
    if (names.length < 1 || names.length > 10) {
      throw new AwsError(
        "ValidationException",
        "1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length less than or equal to 10",
      )
    }
    // One that is denied denies them all.
    const all = names.map((name) => ({ name, found: find(call, "GetParameters", name) }))
    return {
      Parameters: all.flatMap(({ found }) => (found ? [shown(call, found)] : [])),
      InvalidParameters: all.filter(({ found }) => !found).map(({ name }) => name),
    }
  },

  DescribeParameters: (call) => {
    authorize(call, "ssm:DescribeParameters", "*")
    // In no order: the API promises none.
    const matching = parametersOf(call).toReversed().filter(passesFilters(call))
    const { items, next } = page(call, matching, { usual: 10, most: 50 })
    return { Parameters: items.map(described), ...next }
  },

  PutParameter: (call) => {
    const { input, state, clock } = call
    const name = needed(input, "Name")
    const arn = arnOf(call, name)
    authorize(call, "ssm:PutParameter", arn)
    const existing = state.parameters.get(keyOf(call, name))
    if (existing && own(input, "Overwrite") !== true) {
      throw new AwsError("ParameterAlreadyExists", "The parameter already exists.")
    }
    const type = text(input, "Type") ?? existing?.type ?? "String"
    if (type !== "String" && type !== "StringList" && type !== "SecureString") {
      throw new AwsError("UnsupportedParameterType", "The parameter type is not supported.")
    }
    const parameter: StoredParameter = existing ?? { arn, name, type, versions: [] }
    parameter.versions.push({ value: needed(input, "Value"), created: seconds(clock), labels: [] })
    state.parameters.set(keyOf(call, name), parameter)
    return { Version: parameter.versions.length, Tier: "Standard" }
  },

  LabelParameterVersion: (call) => {
    const name = needed(call.input, "Name")
    authorize(call, "ssm:LabelParameterVersion", arnOf(call, name))
    const parameter = call.state.parameters.get(keyOf(call, name))
    const wanted = own(call.input, "ParameterVersion") ?? parameter?.versions.length
    const version = parameter?.versions[Number(wanted) - 1]
    if (!parameter || !version) throw new AwsError("ParameterVersionNotFound", "")
    const labels = texts(call.input, "Labels") ?? []
    for (const other of parameter.versions) other.labels = other.labels.filter((one) => !labels.includes(one))
    version.labels.push(...labels)
    return { InvalidLabels: [], ParameterVersion: wanted }
  },

  DeleteParameter: (call) => {
    const name = needed(call.input, "Name")
    authorize(call, "ssm:DeleteParameter", arnOf(call, name))
    if (!call.state.parameters.delete(keyOf(call, name))) throw new AwsError("ParameterNotFound", "")
    return {}
  },
}

interface Found {
  parameter: StoredParameter
  /** From 1. */
  version: number
  selector: string | undefined
}

/** What `name`, `name:version`, `name:label` or an ARN in the place of the name is. @throws AwsError where it is denied */
function find(call: Call, action: string, asked: string): Found | undefined {
  const prefix = `arn:aws:ssm:${call.region}:${call.caller.account}:parameter`
  const local = asked.startsWith(`${prefix}/`) ? asked.slice(prefix.length) : asked
  const [name = "", selector] = local.split(":")
  const places = asked === local ? [name] : [name, name.slice(1)]
  authorize(call, `ssm:${action}`, arnOf(call, name))
  const parameter = places.flatMap((one) => call.state.parameters.get(keyOf(call, one)) ?? [])[0]
  const { versions = [] } = parameter ?? {}
  const version =
    selector === undefined
      ? versions.length
      : versions.findIndex(({ labels }, index) => selector === `${index + 1}` || labels.includes(selector)) +
        1
  return parameter && version > 0 ? { parameter, version, selector } : undefined
}

function shown({ input }: Call, { parameter, version, selector }: Found): Output {
  const { value = "", created } = parameter.versions[version - 1] ?? {}
  const sealed = parameter.type === "SecureString" && own(input, "WithDecryption") !== true
  return {
    Name: parameter.name,
    Type: parameter.type,
    Value: sealed ? Buffer.from(`sealed ${parameter.arn}`).toString("base64") : value,
    Version: version,
    Selector: selector === undefined ? undefined : `:${selector}`,
    LastModifiedDate: created,
    ARN: parameter.arn,
    DataType: "text",
  }
}

const parametersOf = ({ state, caller, region }: Call): StoredParameter[] =>
  [...state.parameters]
    .filter(([key]) => key.startsWith(`${caller.account}/${region}/`))
    .map(([, one]) => one)

/** Without values, which only the operations that read give. */
function described({ arn, name, type, versions }: StoredParameter): Output {
  return {
    Name: name,
    ARN: arn,
    Type: type,
    LastModifiedDate: versions.at(-1)?.created,
    Version: versions.length,
    Tier: "Standard",
    DataType: "text",
  }
}

const keyOf = ({ caller, region }: Call, name: string) => `${caller.account}/${region}/${name}`

/** The ARN has one slash between `parameter` and the name, whether or not the name begins with one. */
function arnOf({ caller, region }: Call, name: string): string {
  return `arn:aws:ssm:${region}:${caller.account}:parameter/${name.replace(/^\//, "")}`
}
