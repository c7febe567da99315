/**
 * The content security policy of the console's pages: they run their own files alone, nothing inline, and call nothing but
 * themselves (for `config.json`) and these addresses, by their origins. The sandbox serves them under the same.
 */
export function contentSecurityPolicy(calls: readonly string[]): string {
  const origins = new Set(calls.map((url) => new URL(url).origin))
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src ${["'self'", ...origins].join(" ")}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ")
}
