import { randomUUID } from "node:crypto"
import type { Clock } from "../../../core/clock.ts"
import { type Answer, type Call, listing, noContent, notFound, reply, VaultError } from "./protocol.ts"
import type { AppRole, AuthMount, SecretId } from "./state.ts"
import { loggedIn, tokenFields } from "./tokens.ts"
import { seconds, text, timestamp } from "./values.ts"

type Mount = Extract<AuthMount, { type: "approle" }>

/** https://developer.hashicorp.com/vault/api-docs/auth/approle */
export function appRole(call: Call, mount: Mount): Answer | undefined {
  const { operation, rest } = call
  const [first = "", name = "", ...below] = rest.replace(/\/$/, "").split("/")
  const writes = operation === "create" || operation === "update"
  if (rest === "login") return login(call, mount)
  if (first !== "role") return undefined
  if (name === "") return operation === "list" ? listing(mount.roles.keys(), "") : undefined
  const role = mount.roles.get(name)
  switch (below.join("/")) {
    case "":
      if (writes) return writeRole(call, mount, name)
      if (operation === "delete") mount.roles.delete(name)
      else if (operation !== "read") return undefined
      return operation === "delete" ? noContent : describe(role)
    case "role-id":
      if (role === undefined) throw notFound()
      if (operation === "read") return reply({ role_id: role.roleId })
      if (!writes) return undefined
      role.roleId = text(call.body.role_id)
      return noContent
    case "secret-id":
      if (operation === "list") return listing([...existing(role, name).secretIds.values()].map(accessor), "")
      return writes ? newSecretId(existing(role, name), call, randomUUID()) : undefined
    case "custom-secret-id":
      return writes ? newSecretId(existing(role, name), call, text(call.body.secret_id)) : undefined
    case "secret-id/lookup":
      return writes ? lookUp(existing(role, name), call) : undefined
    case "secret-id/destroy":
      existing(role, name).secretIds.delete(text(call.body.secret_id))
      return writes || operation === "delete" ? noContent : undefined
    default:
      return undefined
  }
}

/** Unauthenticated. The same answer for an unknown role, an unknown secret id and one that is used up. */
function login(call: Call, mount: Mount): Answer | undefined {
  if (call.operation !== "update" && call.operation !== "create") return undefined
  const roleId = text(call.body.role_id)
  if (roleId === "") throw new VaultError(400, "missing role_id")
  const [name, role] = [...mount.roles].find(([, candidate]) => candidate.roleId === roleId) ?? []
  if (name === undefined || role === undefined) throw wrong()
  if (role.bindSecretId) spend(role, text(call.body.secret_id), call.clock)
  return loggedIn(call, { ...role, metadata: { role_name: name } })
}

const wrong = () => new VaultError(400, "invalid role or secret ID")
const accessor = (secretId: SecretId) => secretId.accessor

function spend(role: AppRole, id: string, clock: Clock): void {
  if (id === "") throw new VaultError(400, "missing secret_id")
  const secretId = role.secretIds.get(id)
  if (secretId === undefined) throw wrong()
  if (secretId.expiresAt !== undefined && secretId.expiresAt <= clock.now()) {
    role.secretIds.delete(id)
    throw wrong()
  }
  if (secretId.usesLeft === undefined) return
  secretId.usesLeft -= 1
  if (secretId.usesLeft <= 0) role.secretIds.delete(id)
}

function existing(role: AppRole | undefined, name: string): AppRole {
  if (role === undefined) throw new VaultError(404, `role "${name}" does not exist`)
  return role
}

function writeRole({ body }: Call, mount: Mount, name: string): Answer {
  const before = mount.roles.get(name)
  mount.roles.set(name, {
    ...tokenFields(body, before),
    roleId: text(body.role_id) || (before?.roleId ?? randomUUID()),
    bindSecretId: body.bind_secret_id === undefined ? (before?.bindSecretId ?? true) : !!body.bind_secret_id,
    secretIdNumUses: Number(body.secret_id_num_uses ?? before?.secretIdNumUses ?? 0),
    secretIdTtl: seconds(body.secret_id_ttl, before?.secretIdTtl),
    secretIds: before?.secretIds ?? new Map(),
  })
  return noContent
}

function describe(role: AppRole | undefined): Answer {
  if (role === undefined) throw notFound()
  return reply({
    bind_secret_id: role.bindSecretId,
    local_secret_ids: false,
    secret_id_bound_cidrs: null,
    secret_id_num_uses: role.secretIdNumUses,
    secret_id_ttl: role.secretIdTtl,
    token_bound_cidrs: [],
    token_explicit_max_ttl: role.explicitMaxTtl,
    token_max_ttl: role.maxTtl,
    token_no_default_policy: role.noDefaultPolicy,
    token_num_uses: role.numUses,
    token_period: 0,
    token_policies: role.policies,
    token_ttl: role.ttl,
    token_type: role.type,
  })
}

function newSecretId(role: AppRole, { body, clock }: Call, id: string): Answer {
  if (id === "") throw new VaultError(400, "missing secret_id")
  const uses = Number(body.num_uses ?? role.secretIdNumUses)
  const ttl = seconds(body.ttl, role.secretIdTtl)
  const secretId: SecretId = {
    accessor: randomUUID(),
    ...(uses > 0 ? { usesLeft: uses } : {}),
    ...(ttl > 0 ? { expiresAt: clock.now() + ttl * 1000 } : {}),
    createdAt: timestamp(clock.now()),
  }
  role.secretIds.set(id, secretId)
  return reply({
    secret_id: id,
    secret_id_accessor: secretId.accessor,
    secret_id_num_uses: uses,
    secret_id_ttl: ttl,
  })
}

function lookUp(role: AppRole, { body }: Call): Answer {
  const secretId = role.secretIds.get(text(body.secret_id))
  if (secretId === undefined) return noContent
  return reply({
    cidr_list: [],
    creation_time: secretId.createdAt,
    expiration_time:
      secretId.expiresAt === undefined ? "0001-01-01T00:00:00Z" : timestamp(secretId.expiresAt),
    last_updated_time: secretId.createdAt,
    metadata: {},
    secret_id_accessor: secretId.accessor,
    secret_id_num_uses: secretId.usesLeft ?? 0,
    secret_id_ttl: role.secretIdTtl,
    token_bound_cidrs: [],
  })
}
