import { describe, expect, test } from "vitest"
import { settingsOf } from "../../stacks/config.ts"
import { functionInputs, variablesOf } from "../../stacks/plan/shape.ts"
import { parseConfig } from "../../web/src/session/config.ts"
import { everything, type PlannedStage, planned, upstashKeys } from "./stages.ts"

const full = () => planned("full", everything, upstashKeys)

/** What the pages will read as they open. */
function configOf(stage: PlannedStage) {
  const { environment } = stage.only("command:local:Command") as { environment: Record<string, string> }
  return parseConfig(JSON.parse(environment.LATCHKEY_CONSOLE_CONFIG ?? ""), "https://page/")
}

function policyOf(stage: PlannedStage) {
  const { securityHeadersConfig } = stage.only(
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy",
  ) as { securityHeadersConfig: Record<string, Record<string, unknown>> }
  return securityHeadersConfig
}

describe("the console", () => {
  test("is told where the API is and how people sign in, where it has a domain", async () => {
    expect(configOf(await full())).toEqual({
      apiUrl: "https://latchkey.acme.example/",
      signIn: {
        issuer: "https://login.acme.example/",
        clientId: "latchkey-console",
        audience: "latchkey",
        redirectUri: "https://page/",
      },
      claims: { platformId: "https://acme.example/platform" },
    })
  })

  test("may call itself, the API and the issuer, and run nothing but its files", async () => {
    const { contentSecurityPolicy, frameOptions, strictTransportSecurity, ...rest } = policyOf(await full())
    expect(contentSecurityPolicy?.contentSecurityPolicy).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' https://latchkey.acme.example https://login.acme.example https://token.acme.example; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    )
    expect(frameOptions).toMatchObject({ frameOption: "DENY" })
    expect(strictTransportSecurity).toMatchObject({ accessControlMaxAgeSec: 63_072_000 })
    expect(rest).toMatchObject({
      contentTypeOptions: { override: true },
      referrerPolicy: { referrerPolicy: "no-referrer" },
    })
  })

  test("is served with these headers, to be read only", async () => {
    const { defaultCacheBehavior } = (await full()).only("aws:cloudfront/distribution:Distribution") as {
      defaultCacheBehavior: Record<string, unknown>
    }
    expect(defaultCacheBehavior).toMatchObject({
      responseHeadersPolicyId: "ConsoleHeaders-id",
      allowedMethods: ["GET", "HEAD"],
      viewerProtocolPolicy: "redirect-to-https",
    })
  })

  test("without a domain has an address of CloudFront's, which the API lets in", async () => {
    const stage = await planned("ada")
    expect(configOf(stage)).toEqual({ apiUrl: "https://ApiApi-id.execute-api.us-east-1.amazonaws.com/ada/" })
    const { contentSecurityPolicy } = policyOf(stage)
    expect(contentSecurityPolicy?.contentSecurityPolicy).toContain(
      "connect-src 'self' https://apiapi-id.execute-api.us-east-1.amazonaws.com;",
    )
    const variables = variablesOf(functionInputs(stage.resources, "latchkey-ada-resolve"))
    expect(variables.LATCHKEY_CONSOLE_ORIGIN).toBe("https://d111.cloudfront.net")
  })

  test("is run by Vite in `sst dev`, from where the API lets it in", async () => {
    const stage = await planned("ada", undefined, {}, { dev: true })
    expect(stage.all("sst:sst:DevCommand").map(({ name }) => name)).toEqual(["Console"])
    expect(stage.all("aws:cloudfront/distribution:Distribution")).toEqual([])
    const variables = variablesOf(functionInputs(stage.resources, "latchkey-ada-resolve"))
    expect(variables.LATCHKEY_CONSOLE_ORIGIN).toBe("http://localhost:5173")
  })

  test("may be one's own, or none", () => {
    const { console: _, ...rest } = everything
    const consoleOrigin = "https://console.acme.example"
    expect(() => settingsOf("x", { ...rest, console: false, consoleOrigin })).not.toThrow()
    expect(() => settingsOf("x", { ...rest, consoleOrigin })).toThrow("set `console: false`")
    expect(() =>
      settingsOf("x", { ...rest, console: { signIn: { clientId: "c", issuer: "https://other.example" } } }),
    ).toThrow("console.signIn.issuer: must be one of `issuers`")
  })
})
