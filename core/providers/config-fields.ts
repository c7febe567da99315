import * as z from "zod/mini"
import { Secret } from "../secret.ts"
import type { Provider } from "./provider.ts"

/**
 * A credential: plain text in a request, a `Secret` from here on. Visible ASCII by default, since most credentials
 * travel in a header, where a pasted line break would break the request.
 */
export function secretField({
  maxLength = 4096,
  pattern = /^[\x21-\x7e]+$/,
  expected = "Must be visible ASCII characters without spaces or line breaks.",
} = {}) {
  return z.pipe(
    z.string().check(z.minLength(1), z.maxLength(maxLength), z.regex(pattern, expected)),
    z.transform((value: string) => new Secret(value)),
  )
}

/**
 * Where a secret manager is. A base path is kept, trailing slashes are not. Whether the host may be called is the network's to say.
 * @param api the path that is put behind it in every request, such as `/v1`: at the end of what was typed it is dropped
 */
export function urlField({ api = "" } = {}) {
  const expected = "Must be an http or https URL without credentials, query, fragment and `..`"
  return z.pipe(
    z.string().check(z.maxLength(2048), z.refine(isPlainUrl, expected)),
    z.transform((url: string) => {
      const bare = url.replace(/\/+$/, "")
      return api !== "" && bare.endsWith(api) ? bare.slice(0, -api.length).replace(/\/+$/, "") : bare
    }),
  )
}

/**
 * A bundle of CA certificates in PEM, to trust instead of the public ones (decision 003). Judged as text: whether it
 * signs anything shows in a test.
 */
export function caCertificateField() {
  const expected = "Must be one or more certificates in PEM (-----BEGIN CERTIFICATE-----)"
  return z.string().check(z.maxLength(64 * 1024), z.refine(isCertificateBundle, expected))
}

/** Names of the fields that are never shown, and stored only under envelope encryption. */
export function secretFieldNames(provider: Pick<Provider, "fields">): string[] {
  return provider.fields.filter(({ type }) => type === "password").map(({ name }) => name)
}

/** Names of the fields that decide where credentials are sent: where one changes, all secret fields must come again. */
export function destinationFieldNames(provider: Pick<Provider, "fields">): string[] {
  return provider.fields.filter(({ destination }) => destination === true).map(({ name }) => name)
}

function isPlainUrl(text: string): boolean {
  // The parser drops tabs, line breaks and outer spaces, reads a backslash as a slash, and goes up by `..`: what is sent must be
  // what was typed.
  if (/[\s\\?#]/.test(text) || dotSegment.test(text) || !/^https?:\/\//i.test(text) || !URL.canParse(text))
    return false
  const { username, password } = new URL(text)
  return (
    username === "" &&
    password === "" &&
    !text
      .slice(text.indexOf("//") + 2)
      .split("/", 1)[0]
      ?.includes("@")
  )
}

const dotSegment = /\/(?:\.|%2e){1,2}(?:\/|$)/i

const certificate = /-----BEGIN CERTIFICATE-----\s+(?:[A-Za-z0-9+/=]+\s+)+-----END CERTIFICATE-----/

function isCertificateBundle(text: string): boolean {
  return certificate.test(text) && !text.includes("PRIVATE KEY")
}
