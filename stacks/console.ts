import { domainOf } from "./api.ts"
import type { StageSettings } from "./config.ts"
import { contentSecurityPolicy } from "./console-policy.ts"

type Api = { url: $util.Output<string> }

/** Where Vite serves the console to `sst dev`. */
const devPort = 5173

/** From where the API may be called by browsers: the console's origin, if there is one. */
export interface Console {
  origin?: $util.Input<string>
  url?: $util.Output<string>
}

/** The admin console: static files on S3 behind CloudFront. In `sst dev`, Vite on the developer's machine. */
export function createConsole(settings: StageSettings, api: Api): Console {
  const { console, consoleOrigin } = settings
  if (console === false) return consoleOrigin === undefined ? {} : { origin: consoleOrigin }
  const environment = { LATCHKEY_CONSOLE_CONFIG: configFor(settings, console, api), NODE_ENV: "production" }
  if ($dev) {
    new sst.x.DevCommand("Console", {
      environment: { ...environment, NODE_ENV: "development" },
      dev: { command: `${vite} web --port ${devPort} --strictPort`, title: "Console" },
    })
    return { origin: `http://localhost:${devPort}` }
  }
  const { domain, signIn } = console
  const headers = createHeaders(settings, signIn, api)
  const site = new sst.aws.StaticSite("Console", {
    build: {
      command: `${vite} build web --outDir ../dist/console --emptyOutDir`,
      // A plan builds nothing.
      output: process.env.LATCHKEY_CONSOLE ?? "dist/console",
    },
    environment,
    ...(domain && { domain: domainOf(domain) }),
    assets: {
      fileOptions: [
        // Vite names these after their content; all else has names that stay.
        { files: "**", cacheControl: "max-age=0,no-cache,must-revalidate" },
        { files: "assets/**", cacheControl: "max-age=31536000,public,immutable" },
      ],
    },
    transform: {
      // CloudFront alone reads it.
      assets: { cors: false },
      cdn: (args) => {
        args.defaultCacheBehavior = $util.output(args.defaultCacheBehavior).apply((behavior) => ({
          ...behavior,
          allowedMethods: ["GET", "HEAD"],
          responseHeadersPolicyId: headers.id,
        }))
        // The functions are told its address, and must not wait until all the world serves it.
        args.wait = false
      },
    },
  })
  return { origin: domain ? `https://${domain.name}` : site.url, url: site.url }
}

const vite = "node local/setup.mjs node_modules/vite/bin/vite.js"

type SignIn = NonNullable<Exclude<StageSettings["console"], false>["signIn"]>

/** `config.json`, which the pages read as they open: see web/src/session/config.ts. */
function configFor(
  { issuers }: StageSettings,
  { signIn }: Exclude<StageSettings["console"], false>,
  api: Api,
): $util.Output<string> {
  const issuer = issuerOf(issuers, signIn)
  const { clientId, scope, audience } = signIn ?? {}
  return $util.jsonStringify({
    apiUrl: api.url,
    ...(signIn && {
      signIn: {
        issuer: issuer?.issuer,
        clientId,
        ...(scope !== undefined && { scope }),
        ...(audience !== undefined && { audience }),
      },
    }),
    ...(issuer?.claims && { claims: issuer.claims }),
  })
}

const issuerOf = (issuers: StageSettings["issuers"], signIn: SignIn | undefined) =>
  issuers.find(({ issuer }) => issuer === signIn?.issuer) ?? issuers[0]

function createHeaders({ issuers }: StageSettings, signIn: SignIn | undefined, api: Api) {
  const issuer = signIn && issuerOf(issuers, signIn)?.issuer
  const { tokenOrigin } = signIn ?? {}
  const policy = api.url.apply((url) =>
    contentSecurityPolicy([url, issuer, tokenOrigin].filter((one) => one !== undefined)),
  )
  return new aws.cloudfront.ResponseHeadersPolicy("ConsoleHeaders", {
    name: `latchkey-${$app.stage}-console`,
    securityHeadersConfig: {
      contentSecurityPolicy: { contentSecurityPolicy: policy, override: true },
      strictTransportSecurity: {
        accessControlMaxAgeSec: 63_072_000,
        includeSubdomains: true,
        override: true,
      },
      contentTypeOptions: { override: true },
      referrerPolicy: { referrerPolicy: "no-referrer", override: true },
      frameOptions: { frameOption: "DENY", override: true },
    },
  })
}
