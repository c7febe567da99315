/// <reference path="./.sst/platform/config.d.ts" />

/** Branches that the SST Console deploys when they are pushed, and to which stage. */
const branches: Record<string, string> = { main: "production", staging: "staging" }

export default $config({
  async app({ stage }) {
    const { settingsOf } = await import("./stacks/config.ts")
    const { upstashProvider } = await import("./stacks/cache.ts")
    const settings = settingsOf(stage)
    return {
      name: "latchkey",
      home: "aws",
      removal: settings.protected ? "retain" : "remove",
      protect: settings.protected,
      providers: {
        aws: settings.region === undefined ? {} : { region: settings.region as aws.Region },
        ...upstashProvider(settings),
      },
    }
  },

  console: {
    autodeploy: {
      target(event) {
        const stage =
          event.type === "branch" && event.action === "pushed" ? branches[event.branch] : undefined
        return stage === undefined ? undefined : { stage }
      },
      async workflow({ $ }) {
        await $`npm ci`
        await $`npx sst deploy`
      },
    },
  },

  async run() {
    const { createStage } = await import("./stacks/index.ts")
    return createStage()
  },
})
