import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { buildConsole } from "../../local/console-build.ts"

/** Runs once before the tests in a browser, so that `npm run test:e2e` is all there is to do on a fresh clone. */
export default async function prepare(): Promise<void> {
  const { status, error } = spawnSync("bash", [fileURLToPath(new URL("setup.sh", import.meta.url))], {
    stdio: "inherit",
  })
  if (error || status !== 0)
    throw new Error("test/e2e/setup.sh failed; its messages are above", { cause: error })
  await buildConsole()
}
