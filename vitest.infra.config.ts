import { defineConfig } from "vitest/config"

/** The tests of the deployment: its plan, computed without an account, and the bundles that it ships. */
export default defineConfig({
  test: {
    include: ["test/infra/**/*.test.ts"],
    globalSetup: "test/infra/global-setup.ts",
    // A plan takes seconds, so that the files share them.
    fileParallelism: false,
    isolate: false,
    testTimeout: 120_000,
    hookTimeout: 300_000,
    unstubEnvs: true,
  },
})
