import { audited } from "../audit/audited.ts"
import { type Caller, eventOf } from "../audit/caller.ts"
import type { Clock } from "../clock.ts"
import type { NewConnection, UnsavedConnection } from "../contract/operations/new-connection.ts"
import { defaultSettings } from "../contract/settings.ts"
import type { Connection, MemberConnection } from "../contract/shapes/connection.ts"
import type { TestReport } from "../contract/shapes/test-report.ts"
import type { Envelope } from "../crypto/envelope.ts"
import type { Keyring } from "../crypto/keyring.ts"
import { LatchkeyError } from "../errors.ts"
import { newConnectionId, newNonce } from "../ids.ts"
import { limits } from "../limits.ts"
import type { RegisteredProvider } from "../providers/registry.ts"
import { idTaken, notFound } from "./access.ts"
import { type CacheEpoch, epochOf } from "./cache-epoch.ts"
import { hostOf, toPlain, toView } from "./config.ts"
import type { ConnectionRecord } from "./connection.ts"
import type { ConnectionFinder } from "./find.ts"
import { type LiveTest, liveTest, refuseIfFailed } from "./live-test.ts"
import type { Opener } from "./open.ts"
import { loginsOfItsOwn } from "./own-logins.ts"
import { platformKeys, readPlatform } from "./platform.ts"
import { providerOf } from "./provider-of.ts"
import type { RateLimit } from "./rate-limit.ts"
import { recordMac } from "./record-mac.ts"
import type { StatusCache } from "./status.ts"
import type { StatusBoard } from "./status-board.ts"
import type { ConnectionStore } from "./store.ts"
import { type ConnectionUse, useOf } from "./use.ts"
import { configViewOf, sealConfigView, viewOf } from "./view.ts"

export interface ConnectionDeps {
  store: ConnectionStore
  keyring: Keyring
  finder: ConnectionFinder
  envelope: Envelope
  opener: Opener
  statuses: StatusCache
  statusBoard: StatusBoard
  rateLimit: RateLimit
  clock: Clock
  /** Bound on one live test, in milliseconds. */
  testMs: number
}

/** What admins do with connections, and what the others see of one. Lists and updates have files of their own. */
export function createConnections(deps: ConnectionDeps) {
  const { store, keyring, finder, envelope, opener, statuses, statusBoard, rateLimit, clock, testMs } = deps

  return {
    async get(caller: Caller, id: string, projectId?: string): Promise<Connection | MemberConnection> {
      const seen = await finder.findVisible(caller, id, projectId)
      const known = await statusBoard.of([seen], caller)
      return viewOf(seen, known.get(seen), caller)
    },

    async create(caller: Caller, input: NewConnection): Promise<Connection | MemberConnection> {
      const { platformId } = caller.principal
      const provider = providerOf(input.providerId)
      const id = input.id ?? newConnectionId()
      const plain = toPlain(input.config)
      return audited(caller.audit, eventOf(caller, "connection.created", id, hostOf(plain)), async () => {
        const { platform, connections } = await readPlatform(deps, platformId, [id], caller.signal)
        const keys = await keyring.unwrap(platform)
        await rateLimit.take(platformId, keys)
        if (connections.has(id)) throw idTaken()
        await assertRoom(platformId)
        const test = await testConfig(caller, provider, input.config)
        refuseIfFailed(test, { providerId: provider.id })

        const configId = newNonce()
        const now = new Date(clock.now()).toISOString()
        const facts = {
          platformId,
          id,
          providerId: provider.id,
          name: input.name,
          scope: input.scope,
          ...(input.scope === "PROJECT" && input.projectIds && { projectIds: input.projectIds }),
          settings: { ...defaultSettings, ...input.settings },
          configId,
          version: 1,
        }
        const record: ConnectionRecord = {
          ...facts,
          generation: newNonce(),
          created: now,
          updated: now,
          config: await envelope.encryptConfig({ platformId, connectionId: id, configId }, plain),
          configView: sealConfigView({ keys }, facts, toView(provider, plain), clock.now()),
          mac: recordMac(keys, facts),
          ...(test.aws && { aws: test.aws }),
        }
        await store.create(record, caller.requestId)
        const use = useOf(record, keys, epochOf(record, platform))
        await statuses.write(use, test.status)
        return viewOf(use, test.status, caller)
      })
    },

    async remove(caller: Caller, id: string): Promise<void> {
      const { platformId } = caller.principal
      await audited(caller.audit, eventOf(caller, "connection.deleted", id), async () => {
        // Asked before, since whoever deletes twice, as the SDK does where an answer is lost, finds nothing the second time.
        const { connections } = await store.read(platformId, [id], caller.signal)
        if (!connections.has(id)) throw notFound(id)
        await store.delete(platformId, id)
      })
    },

    /** Nothing is stored. */
    async testUnsaved(caller: Caller, input: UnsavedConnection): Promise<TestReport> {
      const provider = providerOf(input.providerId)
      const host = hostOf(toPlain(input.config))
      return audited(caller.audit, eventOf(caller, "connection.tested", undefined, host), async () => {
        const { platformId } = caller.principal
        await rateLimit.take(platformId, await platformKeys(deps, platformId, caller.signal))
        return (await testConfig(caller, provider, input.config)).report(caller.requestId)
      })
    },

    /**
     * Success clears the connection's cache, negative answers included, and refreshes its status. Where the credentials are
     * refused they no longer prove whose account they are of.
     */
    async test(caller: Caller, id: string): Promise<TestReport> {
      const finding = finder.findUsable(caller, id)
      // The record of the request names the host, so this much comes before it; why there is none, after.
      const host = await finding.then((use) => hostOf(configViewOf(use))).catch(() => undefined)
      return audited(caller.audit, eventOf(caller, "connection.tested", id, host), async () => {
        const use = await finding
        await rateLimit.take(caller.principal.platformId, use.keys)
        const { record } = use
        const client = await opener.saved(record, { sessions: loginsOfItsOwn(), attempts: 1 })
        const test = await liveTest({
          client,
          connection: record,
          clock,
          timeoutMs: testMs,
          signal: caller.signal,
        })
        const { connected, error } = test.status
        const epoch = connected ? await renewed(use, test) : use.epoch
        if (error?.reason === "BAD_CREDENTIALS" && record.aws) await store.forgetPlace(record)
        await statuses.write(useOf(record, use.keys, epoch), test.status)
        return test.report(caller.requestId)
      })
    },
  }

  async function renewed({ record, epoch }: ConnectionUse, { aws }: LiveTest): Promise<CacheEpoch> {
    const { platformId, id, configId } = record
    const generation = newNonce()
    const found = aws && (await store.renew(platformId, id, generation, { configId, aws }))
    // Where the configuration was changed meanwhile, what the test found is not about it.
    if (!found && !(await store.renew(platformId, id, generation))) throw notFound(id)
    return { ...epoch, generation }
  }

  async function assertRoom(platformId: string): Promise<void> {
    if ((await store.count(platformId)) < limits.connectionsPerPlatform) return
    throw new LatchkeyError(
      "LIMIT_EXCEEDED",
      `The platform has its ${limits.connectionsPerPlatform} connections. Delete some that are not used.`,
    )
  }

  function testConfig(caller: Caller, provider: RegisteredProvider, config: unknown): Promise<LiveTest> {
    const client = opener.unsaved(caller.principal.platformId, provider.id, config, {
      sessions: loginsOfItsOwn(),
      attempts: 1,
    })
    return liveTest({
      client,
      connection: { providerId: provider.id },
      clock,
      timeoutMs: testMs,
      signal: caller.signal,
    })
  }
}
