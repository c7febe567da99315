/** What a deployment tells the console, in `config.json` beside `index.html`. */
export interface ConsoleConfig {
  /** Where the API is, with or without its base path. */
  apiUrl: string
  /** How people sign in. Absent in the sandbox, where the page's address brings a token. */
  signIn?: SignInConfig
  /** Names of the claims that say who is calling, where the deployment has others. */
  claims?: Partial<ClaimNames>
}

export interface SignInConfig {
  /** The OpenID Connect issuer, exactly as its discovery document and its tokens name it. */
  issuer: string
  clientId: string
  /** Registered with the issuer, as it is here: `https://console.example.com/`. @default the address of this page */
  redirectUri: string
  /** @default "openid" */
  scope?: string
  /** Sent as `audience`, for issuers that make access tokens for an API only when asked. */
  audience?: string
}

export interface ClaimNames {
  platformId: string
  type: string
  role: string
  projectIds: string
}

/** @throws Error that says what is wrong with the file */
export async function loadConfig(
  send: typeof fetch = fetch,
  base: string = document.baseURI,
): Promise<ConsoleConfig> {
  const response = await send(new URL("config.json", base), {
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
  })
  if (!response.ok) throw new Error(`config.json: HTTP ${response.status}`)
  return parseConfig(await response.json(), base)
}

/**
 * @param page - its address, to which the issuer sends people back where the file names no other
 * @throws Error that names the field to mend
 */
export function parseConfig(value: unknown, page: string): ConsoleConfig {
  const root = objectOf(value, "config.json")
  const { signIn, claims } = root
  return {
    apiUrl: urlOf(root.apiUrl, "apiUrl"),
    ...(signIn !== undefined && { signIn: parseSignIn(objectOf(signIn, "signIn"), page) }),
    ...(claims !== undefined && { claims: parseClaims(objectOf(claims, "claims")) }),
  }
}

function parseSignIn(signIn: Fields, page: string): SignInConfig {
  const { scope, audience } = signIn
  return {
    issuer: urlOf(signIn.issuer, "signIn.issuer"),
    clientId: textOf(signIn.clientId, "signIn.clientId"),
    redirectUri: urlOf(signIn.redirectUri ?? new URL(".", page).href, "signIn.redirectUri"),
    ...(scope !== undefined && { scope: textOf(scope, "signIn.scope") }),
    ...(audience !== undefined && { audience: textOf(audience, "signIn.audience") }),
  }
}

function parseClaims(claims: Fields): Partial<ClaimNames> {
  const names = ["platformId", "type", "role", "projectIds"] as const
  return Object.fromEntries(
    names
      .filter((name) => claims[name] !== undefined)
      .map((name) => [name, textOf(claims[name], `claims.${name}`)]),
  )
}

type Fields = Readonly<Record<string, unknown>>

function objectOf(value: unknown, name: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields
  throw new Error(`${name} must be an object`)
}

function textOf(value: unknown, name: string): string {
  if (typeof value === "string" && value !== "") return value
  throw new Error(`config.json: ${name} must be a text`)
}

/** Tokens travel to these addresses: https, or a loopback address in the sandbox. */
function urlOf(value: unknown, name: string): string {
  const text = textOf(value, name)
  const url = URL.canParse(text) ? new URL(text) : undefined
  const loopback = url?.hostname === "127.0.0.1" || url?.hostname === "localhost"
  if (url?.protocol === "https:" || (url?.protocol === "http:" && loopback)) return text
  throw new Error(`config.json: ${name} must be an https address`)
}
