import { readFile } from "node:fs/promises"
import type { IncomingMessage, ServerResponse } from "node:http"
import { extname, join } from "node:path"
import { contentSecurityPolicy } from "../stacks/console-policy.ts"
import { buildConsole } from "./console-build.ts"
import { listen } from "./http-server.ts"
import type { ConsoleServer } from "./sandbox.ts"

export interface ConsoleOptions {
  port: number
  /** Where the built pages are. @default where the build puts them, after a build where they are missing or old */
  folder?: string
  /** How people sign in, as a deployment's `config.json` says it. Without it a token comes in the page's address. */
  signIn?: { issuer: string; clientId: string; redirectUri: string; scope?: string; audience?: string }
}

/**
 * Serves the admin console's pages as CloudFront does, with the same headers: the content security policy lets run nothing
 * but the console's own files, and lets them call nothing but themselves (for `config.json`), the API and the issuer.
 */
export async function startConsole({ port, folder, signIn }: ConsoleOptions): Promise<ConsoleServer> {
  const root = folder ?? (await buildConsole())
  let apiUrl: string | undefined

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const headers = consoleHeaders([apiUrl, signIn?.issuer].filter((url) => url !== undefined))
    const file = (request.url ?? "/").split("?", 1)[0] ?? "/"
    if (request.method !== "GET" && request.method !== "HEAD")
      return reply(response, 405, headers, "text/plain", "Only GET.\n")
    if (file === "/config.json") {
      const config = JSON.stringify({ apiUrl, ...(signIn && { signIn }) })
      return reply(response, apiUrl === undefined ? 503 : 200, headers, "application/json", config)
    }
    // Names as the build gives them; whatever else is asked for, no other file of this machine is looked at.
    const path = file === "/" ? "/index.html" : file
    const type = contentTypes[extname(path)]
    const content =
      type !== undefined && /^(?:\/[A-Za-z0-9_-]+)*\/[A-Za-z0-9_-]+\.[a-z]+$/.test(path)
        ? await readFile(join(root, path)).catch(() => undefined)
        : undefined
    if (content === undefined || type === undefined)
      return reply(response, 404, headers, "text/plain", "Not found.\n")
    reply(response, 200, headers, type, content)
  }

  const server = await listen((request, response) => void answer(request, response), { port })
  return {
    url: `${server.url}/`,
    port: server.port,
    connect({ baseUrl }) {
      apiUrl = baseUrl
    },
    close: server.close,
  }
}

/** The headers of every page, for a console that calls these addresses. */
export function consoleHeaders(calls: readonly string[]): Record<string, string> {
  return {
    "content-security-policy": contentSecurityPolicy(calls),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
  }
}

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
}

function reply(
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  type: string,
  body: string | Buffer,
): void {
  response.writeHead(status, {
    ...headers,
    "content-type": type,
    "content-length": Buffer.byteLength(body),
  })
  response.end(body)
}
