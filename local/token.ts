import { parseArgs } from "node:util"
import { tenantIdPattern } from "../core/auth/principal.ts"
import { openIdentity, type TokenClaims } from "./identity.ts"
import { dataFolderOf } from "./options.ts"

const usage = `Prints a token for the sandbox, valid for 12 hours.

  npm run --silent token -- --platform ID --role admin|member [options]

  --platform ID           the platform that the caller belongs to
  --role admin|member     what the caller may do there
  --type user|service     a person (default), or a program that resolves
  --project ID            one of the caller's projects; repeat it for more
  --data-dir DIR          where the sandbox keeps its data (default: LATCHKEY_DATA_DIR, else .latchkey)

It works before and while the sandbox runs. For example, for a flow engine that may use every project:

  npm run --silent token -- --platform acme --role member --type service
`

interface Request {
  claims: TokenClaims
  dataDir: string
}

/** What the command line asks for, or undefined for help. @throws Error that says what to write instead */
function parseCommand(args: string[]): Request | undefined {
  const { values } = parseArgs({
    args,
    strict: true,
    options: {
      platform: { type: "string" },
      role: { type: "string" },
      type: { type: "string", default: "user" },
      project: { type: "string", multiple: true },
      "data-dir": { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  })
  if (values.help) return undefined
  const { platform: platformId, project: projectIds } = values
  if (platformId === undefined) throw new Error("--platform is missing")
  for (const id of [platformId, ...(projectIds ?? [])])
    if (!tenantIdPattern.test(id))
      throw new Error(
        "an id is 1 to 128 letters, digits and _ . : @ | ~ + = -, and does not start with a dot",
      )
  return {
    claims: {
      platformId,
      role: choose("--role", values.role, { admin: "ADMIN", member: "MEMBER" }),
      type: choose("--type", values.type, { user: "USER", service: "SERVICE" }),
      ...(projectIds !== undefined && { projectIds }),
    },
    dataDir: dataFolderOf(values["data-dir"], process.env),
  }
}

function choose<Choice>(option: string, value: string | undefined, choices: Record<string, Choice>): Choice {
  const choice = value !== undefined && Object.hasOwn(choices, value) ? choices[value] : undefined
  if (choice === undefined) throw new Error(`${option} must be ${Object.keys(choices).join(" or ")}`)
  return choice
}

try {
  const request = parseCommand(process.argv.slice(2))
  if (request === undefined) process.stdout.write(usage)
  else {
    const { signToken } = await openIdentity(request.dataDir)
    process.stdout.write(`${await signToken(request.claims)}\n`)
  }
} catch (error) {
  const message = error instanceof Error ? error.message : "failed"
  console.error(`latchkey: ${message.replace(/\.$/, "")}. Try --help.`)
  process.exitCode = 1
}
