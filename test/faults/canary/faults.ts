import type { Canned, Fate, Recorded } from "../../conformance/proxy.ts"

/** What becomes of requests to a secret manager that fails and tells all it knows, `words` and what it was sent. */
export type Misbehave = (words: string) => (request: Recorded) => Fate

const echoing =
  (status: number, code: string): Misbehave =>
  (words) =>
  (request) =>
    echoOf(request, words, { status, code })

/** By name; those that all ways to connect meet come first. */
export const faults = {
  "an echoing refusal": echoing(400, "ValidationException"),
  "an echoing denial": echoing(403, "AccessDeniedException"),
  "no JSON": (words) => () => ({ alter: (body) => Buffer.concat([Buffer.from(words), body]) }),
  "an echoing failure": echoing(500, "InternalServiceError"),
  "echoes for versions": (words) => () => ({ alter: (body) => withVersions(body, JSON.stringify(words)) }),
  "an echoing end of a session": echoing(401, "ExpiredTokenException"),
  "a rate limit": echoing(429, "ThrottlingException"),
  "an echoing nothing": echoing(404, "ResourceNotFoundException"),
  "other JSON": echoing(200, "OK"),
  "a page": (words) => () => ({
    status: 200,
    headers: { "content-type": "text/html" },
    body: `<!doctype html><h1>${words}</h1>`,
  }),
  "a redirect": (words) => () => ({
    status: 307,
    headers: { location: `http://127.0.0.1:9/${encodeURIComponent(words)}` },
  }),
  "a reset": () => () => "reset",
  silence: () => () => "hang",
} satisfies Record<string, Misbehave>

/** How many of them each way to connect meets. */
export const faultsOfAll = 3

/** A good answer, but for what tells a version. */
const withVersions = (body: Buffer, version: string) =>
  Buffer.from(body.toString().replace(/(?<="(?:version|VersionId|Version)":)(?:"[^"]*"|\d+)/g, () => version))

/** What was sent and `words`, in every place in which one secret manager or another says what is wrong. */
function echoOf(
  request: Recorded,
  words: string,
  { status, code }: { status: number; code: string },
): Canned {
  const { path, headers, body } = request
  const told = [words, path, body, ...Object.values(headers)].join(" ")
  const inHeader = encodeURI(told).slice(0, 2_000)
  const echoed = {
    "x-echo": inHeader,
    "www-authenticate": `Basic realm="${inHeader}"`,
    "retry-after": "7",
    "x-amzn-errortype": code,
    "x-amzn-requestid": inHeader,
  }
  if (body.startsWith("Action=")) {
    const escaped = told.replace(/[<>&]/g, (character) => `&#${character.charCodeAt(0)};`)
    return {
      status,
      headers: { ...echoed, "content-type": "text/xml" },
      body: `<ErrorResponse><Error><Code>${code}</Code><Message>${escaped}</Message></Error></ErrorResponse>`,
    }
  }
  const type = "x-amz-target" in headers ? "application/x-amz-json-1.1" : "application/json"
  return {
    status,
    headers: { ...echoed, "content-type": type },
    body: JSON.stringify({
      __type: code,
      ...{ message: told, Message: told, status },
      ...{ errors: [told], warnings: [told], data: { [told]: told }, auth: { client_token: [told] } },
      error: { code: told, message: told, target: told, details: [{ message: told }] },
    }),
  }
}
