/**
 * Runs Latchkey on this machine until Ctrl-C:
 *
 *     npm start -- [--port N] [--data-dir DIR] [--no-demo] [--help]
 */
import { startConsole } from "./console.ts"
import { asksForHelp, failing, help, startOptions } from "./options.ts"
import { type Sandbox, startSandbox } from "./sandbox.ts"
import { SandboxError } from "./sandbox-error.ts"
import { secretManagers } from "./secret-managers/all.ts"
import { loadService } from "./service.ts"

/** The Lambda runtime's major version. */
const nodeMajor = 24

await failing(async () => {
  if (Number(process.versions.node.split(".", 1)[0]) < nodeMajor)
    throw new SandboxError(
      `Node.js ${nodeMajor} is needed and this is ${process.version}; \`npm start\` brings its own.`,
    )
  const args = process.argv.slice(2)
  if (asksForHelp(args)) {
    console.log(help)
    return
  }
  // Functions print their metrics as on Lambda, for CloudWatch to find; here they would bury the log.
  process.env.POWERTOOLS_METRICS_DISABLED ??= "true"
  const sandbox = await startSandbox({
    ...startOptions(args, process.env),
    loadService,
    secretManagers,
    startConsole,
    onError: (operation, error) => console.error(`${operation}:`, error),
  })
  console.log(welcome(sandbox))
  console.log(`latchkey ready ${JSON.stringify(ready(sandbox))}`)
  await stopSignal()
  console.error("latchkey: closing ...")
  await sandbox.close()
})

/**
 * The first Ctrl-C. It arrives twice, from the terminal and from `npm start`'s own process, so that only one after a
 * second is taken for impatience and ends the process at once.
 */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let firstAt: number | undefined
    const stop = () => {
      firstAt ??= performance.now()
      if (performance.now() - firstAt > 1000) process.exit(130)
      resolve()
    }
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop)
    // Whoever started it was killed, and could pass nothing on.
    const parent = process.ppid
    setInterval(() => {
      if (process.ppid !== parent) resolve()
    }, 500).unref()
  })
}

/** For programs, on a line of its own. */
function ready({ api, console, lambda, tokens, demo }: Sandbox) {
  return { api, console, lambda, adminToken: tokens.admin, serviceToken: tokens.service, demo }
}

/** For people. */
function welcome({ api, console: page, lambda, tokens, demo }: Sandbox): string {
  const authorized = (token: string) => `-H 'authorization: Bearer ${token}'`
  const value = { greeting: demo[0] ? `the key is ${demo[0].reference}` : "no references yet" }
  const json = `-H 'content-type: application/json' -d '${JSON.stringify({ value })}'`
  return [
    "",
    "Latchkey is running on this machine alone. Ctrl-C stops it; what you make here is kept.",
    "",
    ...(page === undefined ? [] : [`  console  ${page}#token=${tokens.admin}`]),
    `  API      ${api}`,
    `  Lambda   ${lambda} (latchkey-resolve-direct, by the alias sandbox)`,
    "",
    "An admin's token, valid for 12 hours (`npm run --silent token -- --help` makes others):",
    "",
    `  ${tokens.admin}`,
    "",
    "Try:",
    "",
    `  curl ${api}/providers ${authorized(tokens.admin)}`,
    `  curl ${api} ${authorized(tokens.admin)}`,
    `  curl ${api}/resolve ${authorized(tokens.service)} ${json}`,
    "",
  ].join("\n")
}
