import * as z from "zod"
import type { Json } from "../../core/json.ts"
import type { AwsDeployment, AwsPrincipal } from "../../core/providers/aws/deployment.ts"
import type { Provider } from "../../core/providers/provider.ts"
import type { Recorded } from "./proxy.ts"
import type { Subject, Written } from "./subject.ts"

/** Every variable by which AWS's SDK would be told anything. */
export const awsEnvironment = {
  AWS_ACCESS_KEY_ID: "environmentkeyid0000",
  AWS_SECRET_ACCESS_KEY: "environment-secret-access-key",
  AWS_SESSION_TOKEN: "environment-session-token",
  AWS_PROFILE: "environment-profile",
  AWS_CONFIG_FILE: "/environment/config",
  AWS_SHARED_CREDENTIALS_FILE: "/environment/credentials",
  AWS_REGION: "environment-region",
  AWS_DEFAULT_REGION: "environment-region",
  AWS_ENDPOINT_URL: "http://127.0.0.1:9/environment",
  AWS_ENDPOINT_URL_SECRETS_MANAGER: "http://127.0.0.1:9/environment",
  AWS_ENDPOINT_URL_SSM: "http://127.0.0.1:9/environment",
  AWS_ENDPOINT_URL_STS: "http://127.0.0.1:9/environment",
  AWS_USE_FIPS_ENDPOINT: "true",
  AWS_USE_DUALSTACK_ENDPOINT: "true",
  AWS_MAX_ATTEMPTS: "7",
  AWS_RETRY_MODE: "adaptive",
  AWS_DEFAULTS_MODE: "auto",
  AWS_AUTH_SCHEME_PREFERENCE: "sigv4a",
  AWS_SDK_UA_APP_ID: "environment-app",
  AWS_EXECUTION_ENV: "environment-execution",
  AWS_LAMBDA_FUNCTION_NAME: "environment-function",
  _X_AMZN_TRACE_ID: "Root=environment-trace",
  HTTP_PROXY: "http://127.0.0.1:9/environment",
  HTTPS_PROXY: "http://127.0.0.1:9/environment",
  NODE_TLS_REJECT_UNAUTHORIZED: "0",
}

/** AWS answers with status 400 to what it throttles. */
export const throttled = {
  status: 400,
  headers: { "content-type": "application/x-amz-json-1.1" },
  body: '{"__type":"ThrottlingException","Message":"Rate exceeded"}',
}

export const target = ({ headers }: Recorded): string => String(headers["x-amz-target"] ?? "")

/** What is the same for every server that speaks Secrets Manager's protocol. */
export const awsSubject = {
  signsHost: true,
  isRead: (request) => /\.(?:Batch)?GetSecretValue$/.test(target(request)),
  throttled,
  environment: awsEnvironment,
} satisfies Partial<Subject>

/** What no server of AWS's protocols can show. */
export const cannotOfAws = {
  seal: "AWS has no seal",
  wrongEngine: "the service has one kind of secret",
  caCertificate: "AWS's certificates are of public authorities, and connections name no other",
}

/** A provider as a deployment that allows endpoints has it. */
export function withEndpoints(provider: Provider): Provider {
  return {
    ...provider,
    open: (config, deps) => provider.open(config, { ...deps, aws: { allowEndpoint: true } }),
  }
}

/**
 * A provider as a deployment has it that assumes roles and finds AWS elsewhere. Connections by a role name no endpoint, so
 * the `endpoint` that the suite puts into the configuration is the deployment's, and so is the `principal`.
 */
export function byRole(provider: Provider): Provider {
  const config = () =>
    z
      .looseObject({ endpoint: z.string(), principal: z.custom<AwsPrincipal>() })
      .transform(({ endpoint, principal, ...config }) => ({
        aws: { endpoint: () => endpoint, principal },
        config: provider.config().parse(config),
      }))
  return {
    ...provider,
    config: config as unknown as Provider["config"],
    open(given, deps) {
      const { aws, config } = given as { aws: AwsDeployment; config: unknown }
      return provider.open(config, { ...deps, aws })
    },
  }
}

/** Writes a secret, text or bytes; a second time a new version. */
export type Put = (name: string, value: string | Buffer) => Promise<void>

const oddKeys = [
  "with space",
  "per%cent",
  "quest?ion",
  "ha#sh",
  "pl+us",
  "ünï/cødé/🔑",
  "a&#x2F;b",
  "%2e%2e",
  "..",
  "__proto__",
]

/** What the suite reads, written by whoever may. */
export async function writeSecrets(put: Put, number: number) {
  const app = JSON.stringify({
    password: `value-canary-${number}`,
    empty: "",
    nested: { n: [1, "x"] },
    port: 5432,
  })
  await put("conformance/app", JSON.stringify({ password: "the version before" }))
  await put("conformance/app", app)
  // Written by hand, since a `__proto__` is no key in an object literal.
  const members = oddKeys.map(
    (key) => `${JSON.stringify(key)}:${JSON.stringify(`value of ${key} ${number}`)}`,
  )
  await put("conformance/odd", `{${members.join()}}`)
  await put("a/b_c+d=e.f@g-h", `plain ${number}`)
  await put("conformance/blank", JSON.stringify({ "": "unnamed" }))
  await put("unicode", `ünïcødé ☃ 🔑 \u0000 "quoted" ${number}\n`)
  await put("one", "1")
  await put("two", "2")
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  await put("conformance/binary", bytes)
  const long = Array.from({ length: 120 }, (_, n) => `n${String(n).padStart(3, "0")}`)
  for (const name of long) await put(`conformance/long/${name}`, name)
  await put("conformance/denied", "not yours")
  await put("conformance/gone", "was here")

  const siblings: [Written, ...Written[]] = [
    { path: "conformance/app#password", value: `value-canary-${number}` },
    { path: "conformance/app#empty", value: "" },
    { path: "conformance/app#nested", value: '{"n":[1,"x"]}' },
    { path: "conformance/app#nested", options: { pointer: "/n/1" }, value: "x" },
    { path: "conformance/app#port", value: "5432" },
    { path: "conformance/app", value: app },
    { path: "conformance/app", options: { pointer: "/password" }, value: `value-canary-${number}` },
    { path: "conformance/app#port", options: { encoding: "base64" }, value: "NTQzMg==" },
  ]
  const others: Written[] = [
    ...oddKeys.map((key) => ({ path: `conformance/odd#${key}`, value: `value of ${key} ${number}` })),
    { path: "a/b_c+d=e.f@g-h", value: `plain ${number}` },
    { path: "conformance/blank", options: { pointer: "/" }, value: "unnamed" },
    { path: "unicode", value: `ünïcødé ☃ 🔑 \u0000 "quoted" ${number}\n` },
    { path: "conformance/app#password", options: { stage: "AWSPREVIOUS" }, value: "the version before" },
    { path: "one", value: "1" },
    { path: "two", value: "2" },
  ]
  return {
    siblings,
    others,
    binary: {
      path: "conformance/binary",
      options: { encoding: "base64" as const },
      value: bytes.toString("base64"),
    },
    /** All but the keys inside of secrets, which are values to AWS. */
    browsing: {
      long: { prefix: "conformance/long/", names: long },
      lists: (path: string) => !path.includes("#"),
    },
    missing: "conformance/nothing",
    denied: "conformance/denied",
    deleted: "conformance/gone",
    malformed: [{ path: "with space" }, { path: "one#" }, { path: "one", options: { version: "1" } }],
    unsupported: [
      { path: "conformance/binary" },
      { path: "unicode#key" },
      { path: "unicode", options: { pointer: "/x" } },
    ],
  }
}

/** What Parameter Store cannot show. */
export const parameterCannot = {
  deleted: "deleted parameters are gone at once",
  binary: "parameters are text",
}

export const isParameterRead = (request: Recorded): boolean => target(request) === "AmazonSSM.GetParameters"

type CallOperation = (operation: string, input: { [key: string]: Json }) => unknown

/** The same for Parameter Store. Values are never empty there. */
export async function writeParameters(call: CallOperation, number: number) {
  const put = async (name: string, value: string, type = "SecureString") =>
    void (await call("PutParameter", { Name: name, Value: value, Type: type, Overwrite: true }))
  const app = JSON.stringify({ password: `value-canary-${number}`, empty: "", n: [1, { x: "deep" }] })
  await put("/conformance/app", "the version before")
  await put("/conformance/app", app)
  await put("/conformance/labelled", "first")
  await call("LabelParameterVersion", { Name: "/conformance/labelled", Labels: ["stable"] })
  await put("/conformance/labelled", "second")
  await put("plain_name.with-all", `plain ${number}`, "String")
  await put("/conformance/list", "a,b", "StringList")
  await put("/conformance/unicode", `ünïcødé ☃ 🔑 "quoted" ${number}\n`)
  await put("/conformance/denied", "not yours")
  const many = Array.from({ length: 12 }, (_, n) => `/conformance/many/${n}`)
  for (const name of many) await put(name, `value of ${name} ${number}`)
  const long = Array.from({ length: 120 }, (_, n) => `n${n}`)
  for (const name of long) await put(`/conformance/long/${name}`, name)

  const siblings: [Written, ...Written[]] = [
    { path: "/conformance/app", options: { pointer: "/password" }, value: `value-canary-${number}` },
    { path: "/conformance/app", value: app },
    { path: "/conformance/app", options: { pointer: "/empty" }, value: "" },
    { path: "/conformance/app", options: { pointer: "/n/1" }, value: '{"x":"deep"}' },
  ]
  const others: Written[] = [
    { path: "/conformance/app:1", value: "the version before" },
    { path: "/conformance/labelled:stable", value: "first" },
    { path: "/conformance/labelled", options: { version: "2" }, value: "second" },
    { path: "plain_name.with-all", value: `plain ${number}` },
    { path: "/conformance/list", value: "a,b" },
    { path: "/conformance/unicode", value: `ünïcødé ☃ 🔑 "quoted" ${number}\n` },
    ...many.map((name) => ({ path: name, value: `value of ${name} ${number}` })),
  ]
  return {
    siblings,
    others,
    /** All but versions and labels, which are not listed. */
    browsing: {
      long: { prefix: "/conformance/long/", names: long },
      lists: (path: string) => !path.includes(":"),
    },
    missing: "/conformance/nothing",
    denied: "/conformance/denied",
    malformed: [{ path: "with space" }, { path: "/a:1", options: { version: "2" } }],
    unsupported: [{ path: "/conformance/list", options: { pointer: "/x" } }],
  }
}
