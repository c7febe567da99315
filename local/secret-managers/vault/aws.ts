import { isObject, type Json } from "../../../core/json.ts"
import { askForCaller, callerIdentity, type StsRequest } from "./aws-sts.ts"
import { type Answer, type Call, listing, noContent, notFound, reply, VaultError } from "./protocol.ts"
import type { AuthMount, AwsRole } from "./state.ts"
import { loggedIn, tokenFields } from "./tokens.ts"
import { strings, text } from "./values.ts"

type Mount = Extract<AuthMount, { type: "aws" }>

const serverIdHeader = "x-vault-aws-iam-server-id"

/**
 * https://developer.hashicorp.com/vault/api-docs/auth/aws, of it the login by IAM. AWS is not asked: who holds which keys is
 * written below `sandbox/principal/`, which a Vault does not have, as `secret_access_key`, `session_token` and `arn`. An
 * `sts_endpoint` on this machine, such as the sandbox's AWS, is asked as a Vault does.
 */
export function aws(call: Call, mount: Mount): Answer | Promise<Answer> | undefined {
  const { operation, rest, body } = call
  const path = rest.replace(/\/$/, "")
  const [first = "", second = "", name = ""] = path.split("/")
  const writes = operation === "create" || operation === "update"
  if (path === "login") return writes ? login(call, mount) : undefined
  if (path === "config/client") return configure(call, mount)
  if (path === "roles" || path === "role")
    return operation === "list" ? listing(mount.roles.keys(), "") : undefined
  if (first === "role") return role(call, mount, second)
  if (first === "sandbox" && second === "principal" && writes) {
    const { secret_access_key: secret, session_token: token, arn } = body
    mount.principals.set(name, { secretAccessKey: text(secret), sessionToken: text(token), arn: text(arn) })
    return noContent
  }
  return undefined
}

function configure({ operation, body }: Call, mount: Mount): Answer | undefined {
  if (operation === "read")
    return reply({ iam_server_id_header_value: mount.serverId, sts_endpoint: mount.stsEndpoint })
  if (operation === "delete") Object.assign(mount, { serverId: "", stsEndpoint: "" })
  else if (operation === "create" || operation === "update") {
    mount.serverId = text(body.iam_server_id_header_value)
    mount.stsEndpoint = text(body.sts_endpoint)
  } else return undefined
  return noContent
}

function role({ operation, body }: Call, mount: Mount, name: string): Answer | undefined {
  const before = mount.roles.get(name)
  if (operation === "delete") mount.roles.delete(name)
  else if (operation === "read") return describe(before)
  else if (operation === "create" || operation === "update") {
    const principals = strings(body.bound_iam_principal_arn)
    if (principals.length === 0)
      throw new VaultError(400, "at least be one bound parameter should be specified on the role")
    mount.roles.set(name, { ...tokenFields(body, before), principals })
  } else return undefined
  return noContent
}

function describe(role: AwsRole | undefined): Answer {
  if (role === undefined) throw notFound()
  return reply({
    auth_type: "iam",
    bound_iam_principal_arn: role.principals,
    token_policies: role.policies,
    token_ttl: role.ttl,
  })
}

async function login(call: Call, mount: Mount): Promise<Answer> {
  const name = text(call.body.role)
  if (text(call.body.iam_http_request_method) !== "POST")
    throw new VaultError(400, "invalid iam_http_request_method; currently only 'POST' is supported")
  const request = requestIn(call.body)
  refuseOtherServers(request.headers, mount.serverId)
  const role = mount.roles.get(name)
  if (role === undefined) throw new VaultError(400, `entry for role "${name}" not found`)
  const arn = await arnOf(request, mount, call.clock.now())
  if (arn === undefined)
    throw new VaultError(400, "error making upstream request: received error code 403 from STS")
  const canonical = canonicalArn(arn)
  if (!role.principals.some((bound) => fits(canonical, bound)))
    throw new VaultError(400, `IAM Principal "${arn}" does not belong to the role "${name}"`)
  const metadata = { auth_type: "iam", canonical_arn: canonical, client_arn: arn }
  return loggedIn(call, { ...role, metadata }, arn.split("/").at(-1))
}

/** Who signed a request, as STS has it; undefined where that refuses it. */
async function arnOf(request: StsRequest, mount: Mount, now: number): Promise<string | undefined> {
  const endpoint = new URL(mount.stsEndpoint || "https://sts.amazonaws.com")
  if (endpoint.hostname === "127.0.0.1") return askForCaller(endpoint, request)
  return request.host === endpoint.host ? callerIdentity(request, mount.principals, now)?.arn : undefined
}

/** A session of a role counts as the role: `arn:aws:sts::1:assumed-role/name/session` is `arn:aws:iam::1:role/name`. */
function canonicalArn(arn: string): string {
  const [, partition, account, name] =
    /^arn:([^:]+):sts::([^:]*):assumed-role\/([^/]+)\/[^/]+$/.exec(arn) ?? []
  return name === undefined ? arn : `arn:${partition}:iam::${account}:role/${name}`
}

/** The signed request, of base64 and JSON. @throws VaultError */
function requestIn(body: Call["body"]): StsRequest {
  const decoded = (name: string) => {
    const value = text(body[name])
    if (value === "") throw new VaultError(400, `missing ${name}`)
    return Buffer.from(value, "base64").toString()
  }
  const url = decoded("iam_request_url")
  if (!URL.canParse(url) || new URL(url).pathname !== "/" || new URL(url).search !== "")
    throw new VaultError(400, "error parsing iam_request_url")
  const request = decoded("iam_request_body")
  if (new URLSearchParams(request).get("Action") !== "GetCallerIdentity")
    throw new VaultError(400, "iam_request_body is not a GetCallerIdentity")
  return { host: new URL(url).host, body: request, headers: headersIn(decoded("iam_request_headers")) }
}

/** Each name has a value or a list of them. */
function headersIn(json: string): Map<string, string> {
  let headers: Json = null
  try {
    headers = JSON.parse(json)
  } catch {
    // Said below.
  }
  if (!isObject(headers)) throw new VaultError(400, "failed to JSON decode iam_request_headers")
  return new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), valueIn(value)]))
}

const valueIn = (value: Json) => (Array.isArray(value) ? value.map(String).join(",") : text(value))

/** What is signed for one Vault is worth nothing at another: the header must be there, as configured, and signed. */
function refuseOtherServers(headers: ReadonlyMap<string, string>, serverId: string): void {
  if (serverId === "") return
  const given = headers.get(serverIdHeader)
  const signed = /SignedHeaders=([^,]+)/.exec(headers.get("authorization") ?? "")?.[1]?.split(";") ?? []
  const problem =
    given === undefined
      ? 'missing header "X-Vault-AWS-IAM-Server-ID"'
      : given !== serverId
        ? `expected "${serverId}" but got "${given}"`
        : signed.includes(serverIdHeader)
          ? undefined
          : "header wasn't signed"
  if (problem !== undefined)
    throw new VaultError(400, `error validating X-Vault-AWS-IAM-Server-ID header: ${problem}`)
}

/** A principal's ARN may be bound by the beginning, with `*` behind. */
const fits = (arn: string, bound: string) =>
  bound.endsWith("*") ? arn.startsWith(bound.slice(0, -1)) : arn === bound
