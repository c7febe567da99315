import { spawnSync } from "node:child_process"
import { expect, test } from "vitest"

/** SST hands out its components as sources, which do not hold to our settings: only what is said of our files counts. */
const ours = /^(?:stacks\/|core\/|sst\.config\.ts)/

test("sst.config.ts and the stacks fit SST's components and AWS's resources", () => {
  const { stdout } = spawnSync(
    process.execPath,
    ["node_modules/typescript/bin/tsc", "--noEmit", "-p", "stacks"],
    {
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    },
  )
  // That its own sources are found wanting shows that they were looked at.
  expect(stdout).toContain(".sst/platform/src/components/aws/function.ts")
  expect(stdout.split("\n").filter((line) => ours.test(line))).toEqual([])
})
