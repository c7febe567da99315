import type { StageSettings } from "./config.ts"

/** Where the cache is, over TLS, and what opens it. */
export interface Cache {
  url: $util.Output<string>
  token: $util.Output<string>
}

/** Whether the stage's database is made by Upstash's API. Where the settings do not say, an API key does. */
export const madeByUpstash = ({ cache }: StageSettings): boolean =>
  cache === undefined ? process.env.UPSTASH_API_KEY !== undefined : cache === "upstash"

/** The provider, for `sst.config.ts`: its keys come from the environment, UPSTASH_EMAIL and UPSTASH_API_KEY. */
export function upstashProvider(settings: StageSettings): Record<string, { version: string }> {
  if (!madeByUpstash(settings)) return {}
  const missing = ["UPSTASH_EMAIL", "UPSTASH_API_KEY"].filter((name) => !process.env[name])
  if (missing.length > 0)
    throw new Error(
      `This stage's cache is made by Upstash's API: set ${missing.join(" and ")}, or set \`cache: "secret"\` in stacks/stages.ts and use a database that exists.`,
    )
  return { "@upstash/pulumi": { version: "0.5.0" } }
}

/** Redis at Upstash: a database of this stage's own, or the one that two secrets lead to. */
export function createCache(settings: StageSettings): Cache {
  if (madeByUpstash(settings)) {
    const database = new upstash.RedisDatabase(
      "Cache",
      {
        databaseName: `latchkey-${$app.stage}`,
        region: "global",
        primaryRegion: settings.upstashRegion,
        tls: true,
        // A full database makes room: what is lost is fetched again.
        eviction: true,
      },
      { protect: settings.protected },
    )
    return { url: $util.interpolate`https://${database.endpoint}`, token: $util.secret(database.restToken) }
  }
  const url = new sst.Secret("UpstashRedisRestUrl").value.apply((value) => {
    if (!value.startsWith("https://"))
      throw new Error(
        "The secret UpstashRedisRestUrl must be an https URL: Redis is spoken to over TLS only.",
      )
    return value
  })
  return { url, token: new sst.Secret("UpstashRedisRestToken").value }
}
