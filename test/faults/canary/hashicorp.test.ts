import { generateKeyPairSync } from "node:crypto"
import { SignJWT } from "jose"
import type { Json } from "../../../core/json.ts"
import { startVault } from "../../../local/secret-managers/vault/server.ts"
import { startProxy } from "../../conformance/proxy.ts"
import { fixture, tls } from "../../conformance/reasons.ts"
import { region, startAwsWithLatchkey } from "./aws.ts"
import { canary } from "./search.ts"
import { describeCanaries } from "./suite.ts"
import type { Target, Way } from "./target.ts"

const namespace = canary("namespace")

async function startTarget(): Promise<Target> {
  const [vault, aws] = [await startVault(), await startAwsWithLatchkey()]
  const below = `/${canary("base-path")}`
  const wire = await startProxy(vault.url, { tls: tls(), below })
  const call = (method: string, path: string, body: { [name: string]: Json } = {}) =>
    vault.admin.call(method, path, { body, namespace })
  await vault.admin.call("POST", `sys/namespaces/${namespace}`, { body: {} })
  await call("POST", "sys/mounts/secret", { type: "kv", options: { version: "2" } })
  const names = { path: canary("path"), key: canary("key"), "probe path": canary("probe-path") }
  const values = {
    "a value": canary('value ä "q" +/?&=%\\'),
    "a part of a value": canary("part ö"),
    "a neighbour": canary("neighbour"),
    "the probe's value": canary("probed"),
    "what is forbidden": canary("forbidden"),
  }
  const write = (path: string, data: { [key: string]: Json }) => call("POST", `secret/data/${path}`, { data })
  await write(names.path, {
    [names.key]: values["a value"],
    json: { part: values["a part of a value"], number: 7 },
    other: values["a neighbour"],
  })
  await write(names["probe path"], { key: values["the probe's value"] })
  await write("restricted/x", { key: values["what is forbidden"] })
  await call("PUT", "sys/policies/acl/reader", {
    policy: `
path "secret/data/*"            { capabilities = ["read"] }
path "secret/subkeys/*"         { capabilities = ["read"] }
path "secret/metadata/*"        { capabilities = ["list"] }
path "secret/data/restricted/*" { capabilities = ["deny"] }`,
  })
  const reader = { token_policies: ["reader"], token_ttl: "1h" }
  const everywhere = {
    url: wire.url + below,
    namespace,
    probePath: `secret/data/${names["probe path"]}/key`,
    caCertificate: fixture("ca.pem"),
  }
  const mount = async (type: string) => {
    const authMount = canary(`mount-of-${type}`)
    await call("POST", `sys/auth/${authMount}`, { type })
    return authMount
  }
  const field = (answer: { [name: string]: Json }, part: string, name: string) =>
    String((answer[part] as { [name: string]: Json })[name])

  async function byAppRole(): Promise<Way> {
    const authMount = await mount("approle")
    const role = `auth/${authMount}/role/reader`
    await call("POST", role, reader)
    const roleId = field(await call("GET", `${role}/role-id`), "data", "role_id")
    const secretId = field(await call("POST", `${role}/secret-id`), "data", "secret_id")
    return async () => ({ ...everywhere, authMount, authMethod: "approle", roleId, secretId })
  }

  async function byToken(): Promise<Way> {
    const made = await call("POST", "auth/token/create", { policies: ["reader"] })
    const token = field(made, "auth", "client_token")
    return async () => ({ ...everywhere, authMethod: "token", token })
  }

  async function byPassword(): Promise<Way> {
    const authMount = await mount("userpass")
    const [username, password] = [canary("user"), canary('password ä "q" +/?&=%\\')]
    await call("POST", `auth/${authMount}/users/${username}`, { ...reader, password })
    return async () => ({ ...everywhere, authMount, authMethod: "userpass", username, password })
  }

  async function byJwt(): Promise<Way> {
    const authMount = await mount("jwt")
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
    const pem = String(publicKey.export({ type: "spki", format: "pem" }))
    await call("POST", `auth/${authMount}/config`, { jwt_validation_pubkeys: [pem] })
    const role = canary("role-of-jwt")
    const bound = { role_type: "jwt", user_claim: "sub", bound_audiences: ["vault"] }
    await call("POST", `auth/${authMount}/role/${role}`, { ...reader, ...bound })
    const jwt = await new SignJWT({ sub: canary("subject"), aud: "vault" })
      .setProtectedHeader({ alg: "ES256" })
      .setExpirationTime("1h")
      .sign(privateKey)
    return async () => ({ ...everywhere, authMount, authMethod: "jwt", role, jwt })
  }

  async function byAwsKey(): Promise<Way> {
    const authMount = await mount("aws")
    const role = canary("role-of-aws")
    const arn = "arn:aws:iam::123456789012:user/reader"
    const accessKeyId = "AKIACANARYOFVAULT000"
    const secretAccessKey = canary("secret-access-key")
    const sessionToken = canary("session-token")
    await call("POST", `auth/${authMount}/config/client`, {
      sts_endpoint: `https://sts.${region}.amazonaws.com`,
    })
    await call("POST", `auth/${authMount}/role/${role}`, { ...reader, bound_iam_principal_arn: [arn] })
    await call("POST", `auth/${authMount}/sandbox/principal/${accessKeyId}`, {
      secret_access_key: secretAccessKey,
      session_token: sessionToken,
      arn,
    })
    const key = { accessKeyId, secretAccessKey, sessionToken }
    return async () => ({ ...everywhere, authMount, authMethod: "aws", role, region, ...key })
  }

  async function byAwsRole(): Promise<Way> {
    const authMount = await mount("aws")
    const role = canary("role-of-aws")
    await call("POST", `auth/${authMount}/config/client`, { sts_endpoint: aws.server.url })
    await call("POST", `auth/${authMount}/role/${role}`, {
      ...reader,
      bound_iam_principal_arn: ["arn:aws:iam::111122223333:role/*"],
    })
    return async (platformId) => {
      const roleArn = await aws.createRole(platformId, { Statement: [] })
      return { ...everywhere, authMount, authMethod: "aws", role, region, roleArn }
    }
  }

  const text = { path: `secret/data/${names.path}/${names.key}`, value: values["a value"] }
  return {
    providerId: "hashicorp",
    wires: [wire, aws.wire],
    ways: {
      AppRole: await byAppRole(),
      token: await byToken(),
      password: await byPassword(),
      JWT: await byJwt(),
      "AWS key": await byAwsKey(),
      "AWS role": await byAwsRole(),
    },
    unsent: { caCertificate: fixture("other-ca.pem"), secretAccessKey: "another" },
    known: {
      text,
      part: {
        path: `secret/data/${names.path}/json`,
        options: "?pointer=/part",
        value: values["a part of a value"],
      },
    },
    failing: [
      `secret/data/${names.path}/missing`,
      "secret/data/restricted/x/key",
      `secret/data/${names.path}/x/${names.key}`,
    ],
    prefix: "secret/data/",
    values,
    names,
    made: () => ({
      ...tokensIn(vault.state()),
      ...aws.sessions(),
    }),
    outages: true,
    environment: aws.environment,
    async stop() {
      for (const server of [wire, vault, aws]) await server.stop()
    },
  }
}

describeCanaries("hashicorp", startTarget)

const tokensIn = (state: string) =>
  Object.fromEntries(
    [...state.matchAll(/"(hv[sb]\.[^"]+)"/g)].map(([, token = ""], at) => [`Vault token ${at}`, token]),
  )
