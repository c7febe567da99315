import { signRotation } from "../../../core/client/sign-rotation.ts"
import type { OperationId } from "../../../core/contract/routes.ts"
import type { TokenClaims } from "../../../local/identity.ts"
import { lambdaContext } from "../../functions/fakes.ts"
import { call } from "../../rotation/recorded-events.ts"
import { type Answer, admin, type Caller, member, service } from "../../support/sandbox-api.ts"
import { canary, canaryOf } from "./search.ts"
import type { Stage } from "./stage.ts"
import type { Config, Known, Target } from "./target.ts"

export interface Answered {
  operation: OperationId | "resolveDirect"
  name: string
  answer: Answer
}

/** A platform's people, and its connections: what `cached` has is cached, and `uncached` has a webhook. */
export interface Platform {
  id: string
  config: Config
  ada: Caller
  flows: Caller
  mia: Caller
  cached: string
  uncached: string
  webhookSecret: string
}

/** What someone has typed or pasted to where it does not belong. */
const pasted = canary('pasted "somewhere" +/?&=%\\')
/** A field that nobody knows. Its name is told to whoever has sent it, and to nobody else. */
const unknownField = canary("unknown-field")

/** Every operation, as admin, service, member, stranger, direct caller, webhook and EventBridge call it. What is answered is kept. */
export function createCalls(stage: Stage, target: Target, secretFields: readonly string[]) {
  const { api } = stage
  const answers: Answered[] = []
  /** Of those who call: their tokens, webhooks' secrets, what they mistake for something else. */
  const secrets: Record<string, string> = { "what was pasted": pasted, "an unknown field": unknownField }

  async function as(claims: TokenClaims): Promise<Caller> {
    const token = await api.sandbox.parts.identity.signToken(claims)
    secrets[`token ${Object.keys(secrets).length}`] = canaryOf(token)
    return api.withToken(token)
  }

  const connection = (config: Config) => ({
    ...{ providerId: target.providerId, name: target.providerId, scope: "PLATFORM" },
    config,
  })

  async function prepare(id: string, config: Config): Promise<Platform> {
    const people = {
      ada: await as(admin(id)),
      flows: await as(service(id)),
      mia: await as(member(id, "p1")),
    }
    const connect = async (more: object = {}) => {
      const answer = await people.ada.post("", { ...connection(config), ...more })
      answers.push({ operation: "createConnection", name: `createConnection before ${id}`, answer })
      return String(answer.body.id)
    }
    const cached = await connect()
    const uncached = await connect({ settings: { cacheTtlSeconds: 0 } })
    const { body } = await people.ada.post(`/${uncached}/webhook-secret`)
    const webhookSecret = String(body.secret)
    secrets[`webhook secret of ${id}`] = webhookSecret
    return { id, config, ...people, cached, uncached, webhookSecret }
  }

  /** Everything that is known, by a connection of each kind. */
  async function resolveAll({ id, flows, cached, uncached }: Platform): Promise<void> {
    const value = Object.fromEntries(
      Object.entries(target.known).map(([name, known]) => [
        name,
        [referenceTo(cached, known), referenceTo(uncached, known)],
      ]),
    )
    const answer = await flows.post("/resolve", { value })
    answers.push({ operation: "resolve", name: `everything before ${id}`, answer })
  }

  type Call = [Answered["operation"], how: string, answer: Promise<Answer>]

  /** Called as it is meant to be. */
  function rightly(platform: Platform): Call[] {
    const { id, config, ada, flows, cached, uncached, webhookSecret } = platform
    const value = valueFor(platform)
    const another = anotherSecret(config)
    return [
      ["resolve", "cold", flows.post("/resolve", { value: value.cold })],
      ["resolve", "reported", flows.post("/resolve", { value, onError: "report" })],
      ["resolveDirect", "", invokeDirectly({ platformId: id, value, actor: "somebody" })],
      ["listConnections", "", ada.get("")],
      ["getConnection", "", ada.get(`/${uncached}`)],
      ["testConnection", "", ada.post(`/${uncached}/test`)],
      ["testUnsaved", "", ada.post("/test", { providerId: target.providerId, config })],
      ["createConnection", "", ada.post("", connection(config))],
      ["createConnection", "with other credentials", ada.post("", connection({ ...config, ...another }))],
      ["updateConnection", "to other credentials", ada.patch(`/${uncached}`, { config: another })],
      ["updateConnection", "to elsewhere", ada.patch(`/${uncached}`, { config: elsewhere(config) })],
      ["updateConnection", "of its name", ada.patch(`/${cached}`, { name: "Renamed" })],
      ["clearCache", "", flows.delete(`/cache?connectionId=${uncached}`)],
      ["usage", "", ada.get(`/${uncached}/usage`)],
      ["audit", "", ada.get("/audit")],
      ["browse", "", ada.post(`/${cached}/browse`, { prefix: target.prefix })],
      ["webhookSecret", "", ada.post(`/${uncached}/webhook-secret`)],
      ["rotated", "", sendRotated(platform, webhookSecret, [target.known.text.path])],
    ]
  }

  /** Called wrongly, or what a secret manager has no part in. */
  function otherwise(platform: Platform, configs: readonly Config[]): Call[] {
    const { id, config, ada, flows, mia, uncached, webhookSecret } = platform
    const value = valueFor(platform)
    const everywhere = Object.fromEntries(Object.keys(config).map((field) => [field, pasted]))
    const odd = encodeURIComponent(pasted)
    return [
      ["resolve", "wrongly", flows.post("/resolve", { value, at: [pasted], [unknownField]: pasted })],
      ["resolveDirect", "wrongly", invokeDirectly({ platformId: id, value: pasted, [unknownField]: pasted })],
      ["validate", "", flows.post("/validate", { value })],
      ["validate", "as admin", ada.post("/validate", { value })],
      ["listProviders", "", ada.get("/providers")],
      ["listConnections", "as member", mia.get("?projectId=p1")],
      ["listConnections", "with a made-up cursor", ada.get(`?cursor=${odd}`)],
      ["listConnections", "by no token", api.withToken(pasted).get("")],
      ["getConnection", "by no id", ada.get(`/${odd}`)],
      ["getConnection", "by no route", ada.get(`/x/${odd}`)],
      [
        "createConnection",
        "with every way's fields",
        ada.post("", connection(Object.assign({}, ...configs))),
      ],
      ["createConnection", "wrongly", ada.post("", connection({ ...everywhere, [unknownField]: pasted }))],
      ["createConnection", "without JSON", ada.post("", `{"config":{"x":"${pasted}"`)],
      ["createConnection", "denied", mia.post("", connection(config))],
      ["audit", "of one", ada.get(`/audit?connectionId=${uncached}`)],
      ["rotated", "by another secret", sendRotated(platform, pasted, [target.known.text.path])],
      ["rotated", "wrongly", sendRotated(platform, webhookSecret, pasted)],
      ["document", "", api.as().get("/openapi.json")],
    ]
  }

  const valueFor = ({ cached, uncached }: Platform) => ({
    cached: referenceTo(cached, target.known.text),
    cold: `x${referenceTo(uncached, target.known.text)}y`,
    part: referenceTo(uncached, target.known.part),
    failing: target.failing.map((path) => referenceTo(uncached, { path })),
    malformed: referenceTo(uncached, target.known.text).slice(0, -2),
    foreign: referenceTo(`smc_${"g".repeat(21)}`, target.known.text),
    [unknownField]: 1,
  })

  async function keep(name: string, calls: readonly Call[]): Promise<void> {
    for (const [operation, how, answer] of calls) {
      const { body } = await answer
      answers.push({ operation, name: `${operation} ${how} with ${name}`, answer: await answer })
      if (body.secret) secrets[`secret ${Object.keys(secrets).length}`] = String(body.secret)
    }
  }

  /** The same configuration with credentials that nobody has. */
  function anotherSecret(config: Config): Config {
    const given = secretFields.filter((field) => field in config)
    return Object.fromEntries(
      given.map((field) => {
        const text = canary(`another-${field}`)
        secrets[`another ${field} ${Object.keys(secrets).length}`] = text
        if (field === "jwt") return [field, `${text}.${text}.${text}`]
        return [field, field === "serviceAccountToken" ? `ops_${text}` : text]
      }),
    )
  }

  /** Another destination, without the credentials that belong to it. */
  const elsewhere = (config: Config): Config =>
    "url" in config ? { url: `${config.url}/elsewhere` } : { region: "us-east-1" }

  /** As whoever rotates secrets would, without a token. */
  async function sendRotated({ id: platformId, uncached: id }: Platform, secret: string, paths: unknown) {
    const body = JSON.stringify({ paths })
    const signature = await signRotation({ secret, platformId, id, body })
    return api.as().call("POST", `/rotated/${platformId}/${id}`, body, { "latchkey-signature": signature })
  }

  /** As another function of the account would. */
  async function invokeDirectly(payload: object): Promise<Answer> {
    const path = "/2015-03-31/functions/latchkey-resolve-direct:sandbox/invocations"
    const response = await fetch(api.sandbox.lambda + path, {
      method: "POST",
      headers: { authorization: "AWS4-HMAC-SHA256 sandbox" },
      body: JSON.stringify({ onError: "report", ...payload }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, body: JSON.parse(text) }
  }

  /** As the queue of EventBridge's events does. */
  async function deliver(...bodies: string[]): Promise<void> {
    // That which the other functions share their instance with.
    const { handler } = await import("../../../functions/rotation-events.ts")
    const batch = { Records: bodies.map((body, at) => ({ messageId: `message-${at}`, body })) }
    await handler(batch, lambdaContext()).catch((error) => stage.keepThrown("rotationEvents", error))
  }

  /** Everything at once; the rest only where `configs`, of all ways so far, are given. At last a connection goes. */
  async function callAll(name: string, platform: Platform, configs?: readonly Config[]): Promise<void> {
    await Promise.all([
      keep(name, rightly(platform)),
      configs && keep(name, otherwise(platform, configs)),
      deliver(
        JSON.stringify(target.event ?? call("PutSecretValue")),
        JSON.stringify({ ...call("PutSecretValue", { requestParameters: pasted }), source: pasted }),
        pasted,
      ),
    ])
    await keep(name, [["deleteConnection", "", platform.ada.delete(`/${platform.cached}`)]])
  }

  return { answers, secrets, prepare, resolveAll, callAll }
}

const referenceTo = (id: string, { path, options = "" }: Omit<Known, "value">) =>
  `{{secret://${id}/${path}${options}}}`
