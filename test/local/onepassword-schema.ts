/**
 * 1Password Connect's API as its specification has it (github.com/1Password/connect, docs/openapi/spec.yaml, 1.7.1, and
 * developer.1password.com/docs/connect/api-reference), as far as reading goes: what may be asked, and what is answered.
 * Both the sandbox's server and Latchkey's client are held to it. Where the two sources and 1Password's own clients
 * differ from each other, a comment says so.
 */
const id = { type: "string", pattern: "^[\\da-z]{26}$" }
const text = { type: "string" }
const integer = { type: "integer" }
const time = { type: "string", format: "date-time" }
const list = (items: object) => ({ type: "array", items })
const strict = (properties: object, required: readonly string[] = []) => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
})

const vault = strict(
  {
    id,
    name: text,
    description: text,
    attributeVersion: integer,
    contentVersion: integer,
    items: integer,
    type: { enum: ["USER_CREATED", "PERSONAL", "EVERYONE", "TRANSFER"] },
    createdAt: time,
    updatedAt: time,
  },
  ["id", "name"],
)

const itemProperties = {
  id,
  title: text,
  vault: strict({ id }, ["id"]),
  category: {
    enum: [
      ...["LOGIN", "PASSWORD", "API_CREDENTIAL", "SERVER", "DATABASE", "CREDIT_CARD", "MEMBERSHIP"],
      ...["PASSPORT", "SOFTWARE_LICENSE", "OUTDOOR_LICENSE", "SECURE_NOTE", "WIRELESS_ROUTER"],
      ...["BANK_ACCOUNT", "DRIVER_LICENSE", "IDENTITY", "REWARD_PROGRAM", "DOCUMENT", "EMAIL_ACCOUNT"],
      ...["SOCIAL_SECURITY_NUMBER", "MEDICAL_RECORD", "SSH_KEY", "CUSTOM"],
    ],
  },
  urls: list(strict({ label: text, primary: { type: "boolean" }, href: text }, ["href"])),
  favorite: { type: "boolean" },
  tags: list(text),
  version: integer,
  state: { enum: ["ARCHIVED", "DELETED"] },
  createdAt: time,
  updatedAt: time,
  lastEditedBy: text,
}

const field = strict(
  {
    id: text,
    section: strict({ id: text, label: text }),
    // `TOTP` in the specification, `OTP` in 1Password's SDKs, and with it `totp`, which only these have.
    type: { enum: ["STRING", "EMAIL", "CONCEALED", "URL", "TOTP", "OTP", "DATE", "MONTH_YEAR", "MENU"] },
    purpose: { enum: ["", "USERNAME", "PASSWORD", "NOTES"] },
    label: text,
    value: text,
    totp: { type: "string", pattern: "^\\d{6,10}$" },
    generate: { type: "boolean" },
    recipe: { type: "object" },
    entropy: { type: "number" },
  },
  ["id", "type"],
)

const file = strict({
  id,
  name: text,
  size: integer,
  content_path: text,
  section: strict({ id: text }),
  content: { type: "string", pattern: "^[A-Za-z0-9+/]*={0,2}$" },
})

const item = strict(itemProperties, ["vault", "category"])
const fullItem = strict(
  {
    ...itemProperties,
    sections: list(strict({ id: text, label: text })),
    fields: list(field),
    files: list(file),
  },
  ["vault", "category"],
)

/** An endpoint that reads. `query` has a pattern for each parameter that there may be. */
export interface Endpoint {
  path: RegExp
  query: Record<string, RegExp>
  /** A schema, or undefined for bytes. */
  answer: object | undefined
}

const uuid = "[\\da-z]{26}"
const string = '"(?:[^"\\\\]|\\\\.)*"'

export const endpoints: readonly Endpoint[] = [
  {
    path: /^\/v1\/vaults$/,
    // The specification has `name`; 1Password's SDKs for JavaScript and Go send `title`.
    query: { filter: new RegExp(`^(?:name|title) eq ${string}$`, "s") },
    answer: list(vault),
  },
  { path: new RegExp(`^/v1/vaults/${uuid}$`), query: {}, answer: vault },
  {
    path: new RegExp(`^/v1/vaults/${uuid}/items$`),
    query: { filter: new RegExp(`^(?:title|tag) eq ${string}$`, "s") },
    answer: list(item),
  },
  { path: new RegExp(`^/v1/vaults/${uuid}/items/${uuid}$`), query: {}, answer: fullItem },
  {
    path: new RegExp(`^/v1/vaults/${uuid}/items/${uuid}/files$`),
    query: { inline_files: /^(?:true|false)$/ },
    answer: list(file),
  },
  {
    path: new RegExp(`^/v1/vaults/${uuid}/items/${uuid}/files/${uuid}$`),
    query: { inline_files: /^(?:true|false)$/ },
    answer: file,
  },
  {
    path: new RegExp(`^/v1/vaults/${uuid}/items/${uuid}/files/${uuid}/content$`),
    query: {},
    answer: undefined,
  },
  {
    path: /^\/health$/,
    query: {},
    answer: strict(
      {
        name: text,
        version: text,
        dependencies: list(strict({ service: text, status: text, message: text })),
      },
      ["name", "version"],
    ),
  },
  { path: /^\/heartbeat$/, query: {}, answer: undefined },
]

export const errorResponse = strict({ status: integer, message: text }, ["status", "message"])

/** The endpoint that a request is for; undefined where the specification has none, or not with these parameters. */
export function endpointOf(method: string, url: string): Endpoint | undefined {
  const { pathname, searchParams } = new URL(url, "http://connect.invalid")
  if (method !== "GET") return undefined
  const endpoint = endpoints.find(({ path }) => path.test(pathname))
  const fits = [...searchParams].every(([name, value]) => endpoint?.query[name]?.test(value) === true)
  return fits ? endpoint : undefined
}
