import { defineConfig } from "vitest/config"

/** The tests against real servers, which `test/live/setup.sh` installs. One file at a time: the servers need the CPU. */
export default defineConfig({
  test: {
    include: ["test/live/**/*.test.ts"],
    globalSetup: "test/live/global-setup.ts",
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    unstubEnvs: true,
  },
})
