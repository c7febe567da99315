import { type Answer, type Call, listing, noContent, notFound, reply, VaultError } from "./protocol.ts"
import type { AuthMount } from "./state.ts"
import { loggedIn, tokenFields } from "./tokens.ts"
import { text } from "./values.ts"

type Mount = Extract<AuthMount, { type: "userpass" }>

/** https://developer.hashicorp.com/vault/api-docs/auth/userpass. Names are kept in lower case, as Vault does. */
export function userpass(call: Call, mount: Mount): Answer | undefined {
  const { operation, rest, body } = call
  const [first = "", given = "", ...below] = rest.replace(/\/$/, "").split("/")
  const name = given.toLowerCase()
  const writes = operation === "create" || operation === "update"
  if (below.length > 0) return undefined
  if (first === "login" && writes) return login(call, mount, name)
  if (first !== "users") return undefined
  if (name === "") return operation === "list" ? listing(mount.users.keys(), "") : undefined
  const before = mount.users.get(name)
  if (operation === "delete") {
    mount.users.delete(name)
    return noContent
  }
  if (operation === "read") {
    if (before === undefined) throw notFound()
    return reply({ token_policies: before.policies, token_ttl: before.ttl, token_max_ttl: before.maxTtl })
  }
  if (!writes) return undefined
  const password = text(body.password) || before?.password
  if (password === undefined) throw new VaultError(400, "missing password")
  mount.users.set(name, { ...tokenFields(body, before), password })
  return noContent
}

function login(call: Call, mount: Mount, name: string): Answer {
  const password = text(call.body.password)
  if (password === "") throw new VaultError(500, "missing password")
  const user = mount.users.get(name)
  if (user?.password !== password) throw new VaultError(400, "invalid username or password")
  return loggedIn(call, { ...user, metadata: { username: name } }, name)
}
