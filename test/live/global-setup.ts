import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"

/** Runs once before the live tests, so that `npm run test:live` is all there is to do on a fresh clone. */
export default function installServers(): void {
  const { status, error } = spawnSync("bash", [fileURLToPath(new URL("setup.sh", import.meta.url))], {
    stdio: "inherit",
  })
  if (error || status !== 0)
    throw new Error("test/live/setup.sh failed; its messages are above", { cause: error })
}
