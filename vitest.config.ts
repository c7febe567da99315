import { defineConfig } from "vitest/config"

/** The tests that need nothing but Node: what `npm test` runs. Live and browser suites have configurations of their own. */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/live/**", "test/infra/**", "test/e2e/**"],
    testTimeout: 20_000,
    // Those that are concurrent wait for time-outs, and cost nothing meanwhile.
    maxConcurrency: 20,
    unstubEnvs: true,
  },
})
