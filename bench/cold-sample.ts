/** Prints how many milliseconds a bundle takes from its import to its first answer. Run by cold.ts, in a fresh process. */
const [, , bundle = "", event = ""] = process.argv
const write = process.stdout.write.bind(process.stdout)

const start = performance.now()
const { handler } = await import(bundle)
process.stdout.write = () => true
const reply = await handler(JSON.parse(event), { getRemainingTimeInMillis: () => 20_000 })
const took = performance.now() - start

const { references } = JSON.parse(reply.body)
if (reply.statusCode !== 200 || references.some(({ source }: { source: string }) => source !== "cache"))
  throw new Error(`The bundle answered ${reply.statusCode}, or not from Redis.`)
write(String(took), () => process.exit())
