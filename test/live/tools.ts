import { readFileSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import { parseEnv } from "node:util"

type Tool = `LATCHKEY_LIVE_${"PYTHON" | "BAO" | "REDIS" | "JAVA" | "DYNAMODB_DIR"}`

/**
 * The path of something that `setup.sh` installed. An environment variable of the same name goes before it, to run the
 * tests against another build of a server.
 *
 * @throws where there is neither: a live test fails, never skips, for want of a server.
 */
export function tool(name: Tool): string {
  const path = process.env[name] ?? installed()[name]
  if (path === undefined) throw new Error(`${name} is not known: run test/live/setup.sh`)
  return path
}

function installed(): NodeJS.Dict<string> {
  const caches = process.env.XDG_CACHE_HOME || join(homedir(), ".cache")
  const cache = process.env.LATCHKEY_CACHE || join(caches, "latchkey")
  try {
    return parseEnv(readFileSync(join(cache, "live.env"), "utf8"))
  } catch (cause) {
    throw new Error("The live servers are not installed: run test/live/setup.sh", { cause })
  }
}
