import { defineConfig } from "vitest/config"

/** The console in a browser, which `test/e2e/setup.sh` installs, over a sandbox of its own. One file at a time: a browser needs the CPU. */
export default defineConfig({
  test: {
    include: ["test/e2e/**/*.test.ts"],
    globalSetup: "test/e2e/global-setup.ts",
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    unstubEnvs: true,
  },
})
