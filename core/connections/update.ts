import { audited } from "../audit/audited.ts"
import { type Caller, eventOf } from "../audit/caller.ts"
import type { ConnectionUpdate } from "../contract/operations/update-connection.ts"
import type { Settings } from "../contract/settings.ts"
import type { Connection, MemberConnection } from "../contract/shapes/connection.ts"
import { LatchkeyError } from "../errors.ts"
import { newNonce } from "../ids.ts"
import { providerById } from "../providers/registry.ts"
import { epochOf } from "./cache-epoch.ts"
import { asPlainConfig, hostOf, mergeConfig, type PlainConfig, toView } from "./config.ts"
import type { ConnectionFacts, ConnectionRecord } from "./connection.ts"
import { liveTest, refuseIfFailed } from "./live-test.ts"
import { loginsOfItsOwn } from "./own-logins.ts"
import { providerOf } from "./provider-of.ts"
import { recordMac, tampered } from "./record-mac.ts"
import type { ConnectionDeps } from "./service.ts"
import type { Status } from "./status.ts"
import type { ConnectionChange } from "./store.ts"
import { type ConnectionUse, useOf } from "./use.ts"
import { configViewOf, sealConfigView, viewOf } from "./view.ts"

/** A configuration that passed its live test, ready to be stored for as long as the one it was merged with is there. */
interface TestedConfig {
  mergedWith: string
  change: Pick<ConnectionRecord, "configId" | "config" | "configView" | "aws">
  status: Status
}

/**
 * Updates a connection: what the request names, over what is stored then. Tested live only if the configuration is in
 * it; a failed test changes nothing. An update that lost a race is merged and tried once more, unless `If-Match` was
 * given, or the configuration it was to be merged with has changed.
 */
export function createUpdate(deps: ConnectionDeps) {
  const { store, finder, envelope, opener, statuses, rateLimit, clock, testMs } = deps

  return async function update(
    caller: Caller,
    id: string,
    patch: ConnectionUpdate,
    ifMatch: number | undefined,
  ): Promise<Connection | MemberConnection> {
    const finding = finder.findUsable(caller, id)
    // The record of the request names the host, so this much comes before it; why there is none, after.
    const found = await finding.catch(() => undefined)
    const host = found && hostAfter(found, patch)
    const event = { ...eventOf(caller, "connection.updated", id, host), fields: fieldsOf(patch, found) }
    return audited(caller.audit, event, async () => {
      if (patch.config) await rateLimit.take(caller.principal.platformId, (await finding).keys)
      let tested: TestedConfig | undefined
      for (let attempt = 0; attempt < 2; attempt++) {
        const use = await (attempt === 0 ? finding : finder.findUsable(caller, id))
        const { record } = use
        if (ifMatch !== undefined && ifMatch !== record.version) throw versionConflict()
        if (tested && tested.mergedWith !== record.configId) throw versionConflict()
        refuseAnotherProvider(record, patch)
        const facts = merged(record, patch)
        if (patch.config) tested ??= await testMerged(caller, use, patch.config)
        const change = changeOf(use, facts, tested)
        if (await store.update(record, record, change, caller.requestId))
          return shown(caller, { ...record, ...change }, use, tested?.status)
        if (ifMatch !== undefined) throw versionConflict()
      }
      throw versionConflict()
    })
  }

  async function testMerged(caller: Caller, use: ConnectionUse, patch: PlainConfig): Promise<TestedConfig> {
    const { platformId, id, configId: mergedWith, providerId, config } = use.record
    const provider = providerOf(providerId)
    const stored = asPlainConfig(
      await envelope.decryptConfig({ platformId, connectionId: id, configId: mergedWith }, config),
    )
    if (!stored) throw tampered(id)
    const { plain, parsed } = mergeConfig(provider, stored, patch)
    const client = opener.unsaved(platformId, providerId, parsed, { sessions: loginsOfItsOwn(), attempts: 1 })
    const test = await liveTest({
      client,
      connection: use.record,
      clock,
      timeoutMs: testMs,
      signal: caller.signal,
    })
    refuseIfFailed(test, use.record)
    const configId = newNonce()
    return {
      mergedWith,
      change: {
        configId,
        config: await envelope.encryptConfig({ platformId, connectionId: id, configId }, plain),
        configView: sealConfigView(use, { platformId, id, configId }, toView(provider, plain), clock.now()),
        ...(test.aws && { aws: test.aws }),
      },
      status: test.status,
    }
  }

  function changeOf(
    { record, keys }: ConnectionUse,
    merged: Pick<ConnectionFacts, "name" | "scope" | "projectIds" | "settings">,
    tested: TestedConfig | undefined,
  ): ConnectionChange {
    const { platformId, id, providerId } = record
    const facts = {
      ...merged,
      configId: tested?.change.configId ?? record.configId,
      version: record.version + 1,
    }
    return {
      ...facts,
      ...tested?.change,
      ...(merged.settings !== record.settings && { generation: newNonce() }),
      updated: new Date(clock.now()).toISOString(),
      mac: recordMac(keys, { platformId, id, providerId, ...facts }),
    }
  }

  /** With what its test found, else with the last known state. */
  async function shown(
    caller: Caller,
    updated: ConnectionRecord,
    before: ConnectionUse,
    tested: Status | undefined,
  ): Promise<Connection | MemberConnection> {
    const { projectIds: _dropped, ...rest } = updated
    const record = updated.scope === "PROJECT" ? updated : rest
    const epoch = epochOf(record, { generation: before.epoch.platformGeneration })
    const seen = useOf(record, before.keys, epoch)
    const status = tested ? { ...tested, outdated: false } : (await statuses.read([before])).get(before)
    // Other settings do not change what a check would find.
    if (status && !status.outdated && seen.key !== before.key) await statuses.write(seen, status)
    return viewOf(seen, status, caller)
  }
}

/** The parts of a record that an update of them leads to. @throws LatchkeyError `VALIDATION` */
function merged(
  record: ConnectionRecord,
  patch: ConnectionUpdate,
): Pick<ConnectionFacts, "name" | "scope" | "projectIds" | "settings"> {
  const scope = patch.scope ?? record.scope
  const projectIds = patch.projectIds ?? record.projectIds
  if (scope === "PLATFORM" && patch.projectIds?.length)
    throw invalid("/projectIds", "belong to the scope PROJECT; set `scope` too")
  if (scope === "PROJECT" && !projectIds?.length)
    throw invalid("/projectIds", "name 1 to 100 projects, or set the scope to PLATFORM")
  return {
    name: patch.name ?? record.name,
    scope,
    ...(scope === "PROJECT" && projectIds && { projectIds }),
    settings: patch.settings ? mergedSettings(record.settings, patch.settings) : record.settings,
  }
}

function mergedSettings(stored: Settings, patch: NonNullable<ConnectionUpdate["settings"]>): Settings {
  const { allowedPaths: given, ...rest } = patch
  const { allowedPaths: kept, ...others } = stored
  const allowedPaths = given === undefined ? kept : given
  const settings: Settings = { ...others, ...rest, ...(allowedPaths && { allowedPaths }) }
  if (settings.cacheTtlSeconds === 0 && settings.staleIfErrorSeconds > 0)
    throw invalid(
      "/settings/staleIfErrorSeconds",
      "must be 0 where cacheTtlSeconds is 0, since nothing is kept that could stand in",
    )
  return settings
}

function refuseAnotherProvider(record: ConnectionRecord, { providerId }: ConnectionUpdate): void {
  if (providerId !== undefined && providerId !== record.providerId)
    throw invalid("/providerId", "is fixed for life; create another connection instead")
}

/** The host that the updated configuration leads to; undefined where none is contacted. */
function hostAfter(use: ConnectionUse, { config }: ConnectionUpdate): string | undefined {
  return config && hostOf({ ...configViewOf(use), ...config })
}

/** Which fields an update names. Of a configuration only what its provider knows: another name could be anything, a secret too. */
function fieldsOf(patch: ConnectionUpdate, found: ConnectionUse | undefined): string[] {
  const { config, settings, ...rest } = patch
  const known = new Set(found && providerById(found.record.providerId)?.fields.map(({ name }) => name))
  const configFields = Object.keys(config ?? {}).filter((name) => known.has(name))
  return [
    ...Object.keys(rest),
    ...(config && configFields.length === 0 ? ["config"] : configFields.map((name) => `config.${name}`)),
    ...Object.keys(settings ?? {}).map((name) => `settings.${name}`),
  ]
}

function invalid(pointer: string, message: string): LatchkeyError {
  return new LatchkeyError("VALIDATION", `The request does not fit: ${pointer}: ${message}.`, {
    issues: [{ pointer, message }],
  })
}

function versionConflict(): LatchkeyError {
  return new LatchkeyError(
    "VERSION_CONFLICT",
    "The connection has changed since. Get it again, apply the change to what it is now, and send its new version.",
  )
}
