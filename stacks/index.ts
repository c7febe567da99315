import { createApi, createFirewall } from "./api.ts"
import { createCache } from "./cache.ts"
import { refuseExamples, settingsOf } from "./config.ts"
import { createConsole } from "./console.ts"
import { createDirectCallers } from "./direct.ts"
import { functionEnvironment } from "./environment.ts"
import { createRotationEvents, createRotationQueues } from "./events.ts"
import { createFunctions } from "./functions.ts"
import { createNetwork } from "./network.ts"
import { createObservability } from "./observability.ts"
import { createAuditEvents, createStorage } from "./storage.ts"

/** Everything that a stage has on AWS. @returns what its operators and callers have to know */
export function createStage(): Record<string, unknown> {
  const stage = $app.stage
  const settings = settingsOf(stage)
  // A plan is made without an account, to be looked at; only a deployment is for someone.
  if (process.env.LATCHKEY_PLAN === undefined) refuseExamples(stage, settings)

  const storage = createStorage(settings)
  const { network, egressAddresses } = createNetwork(settings)
  const { api, url, serve } = createApi(settings)
  const { origin: consoleOrigin, url: consoleUrl } = createConsole(settings, { url })
  const cache = createCache(settings)
  const environment = functionEnvironment({ stage, settings, storage, cache, consoleOrigin })
  const queues = createRotationQueues()
  const functions = createFunctions({
    stage,
    settings,
    storage,
    rotationQueue: queues.events,
    network,
    environment,
  })
  serve(functions, consoleOrigin)
  if (settings.waf) createFirewall(api, settings.waf)
  const events = settings.audit.events ? createAuditEvents(storage) : undefined
  const rotationBus = createRotationEvents(settings, functions.rotationEvents, queues)
  const topic = createObservability({
    stage,
    settings,
    api,
    functions,
    failedEvents: events?.failed,
    eventsNotTaken: queues.failed,
  })

  return {
    api: url,
    ...(consoleUrl && { console: consoleUrl }),
    alarms: topic.arn,
    ...(events && { auditBus: events.bus.name }),
    ...(rotationBus && { rotationBus: rotationBus.arn }),
    ...(egressAddresses && { egressAddresses }),
    ...(settings.directCallers.length > 0 && {
      directCallers: createDirectCallers(settings, functions.resolveDirect),
    }),
  }
}
