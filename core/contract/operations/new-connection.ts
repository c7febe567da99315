import * as z from "zod/mini"
import { limits } from "../../limits.ts"
import { once } from "../../once.ts"
import type { Provider } from "../../providers/provider.ts"
import { type ProviderId, providers } from "../../providers/registry.ts"
import { connectionName } from "../fields.ts"
import { defineOperation } from "../operation.ts"
import { served } from "../routes.ts"
import { dropNeedlessProjects, projectIds, projectScopeNamesProjects, type Scope, scope } from "../scope.ts"
import { newSettings, type Settings } from "../settings.ts"
import { connection } from "../shapes/connection.ts"
import { testReport } from "../shapes/test-report.ts"

interface NewConnectionOf<Config> {
  providerId: ProviderId
  name: string
  scope: Scope
  projectIds?: string[]
  config: Config
  settings?: Partial<Settings>
  id?: string
}

/** `config` is what the provider's own schema made of it: secret fields are `Secret`s. */
export type NewConnection = NewConnectionOf<unknown>
export type NewConnectionInput = NewConnectionOf<{ [field: string]: string }>

/** A form can send what it would create with: only the provider and its configuration count. */
export type UnsavedConnection = Partial<NewConnection> & Pick<NewConnection, "providerId" | "config">
export type UnsavedConnectionInput = Partial<NewConnectionInput> &
  Pick<NewConnectionInput, "providerId" | "config">

export const createConnection = defineOperation({
  id: "createConnection",
  ...served.createConnection,
  summary: "Create a connection",
  description: "Tested live first, and stored only if the test passes.",
  body: once(() => newConnectionBody(providers)),
  etag: true,
  bodyLimit: limits.body,
  status: 201,
  reply: once(() => connection()),
  errors: ["SECRET_MANAGER_CONNECTION_FAILED", "CONFLICT", "LIMIT_EXCEEDED"],
})

export const testUnsaved = defineOperation({
  id: "testUnsaved",
  ...served.testUnsaved,
  summary: "Test a connection before it is saved",
  description: "Always live; nothing is stored. A test that fails is an answer, not an error.",
  body: once(() => unsavedConnectionBody(providers)),
  bodyLimit: limits.body,
  status: 200,
  reply: once(() => testReport()),
  errors: [],
})

/** One branch for each provider, told apart by `providerId`, with that provider's own strict `config`. */
export function newConnectionBody(
  providers: readonly Provider[],
): z.ZodMiniType<NewConnection, NewConnectionInput> {
  return union(
    providers.map((provider) =>
      z
        .strictObject({
          providerId: z.literal(provider.id),
          name: connectionName(),
          scope: scope(),
          projectIds: z.exactOptional(projectIds()),
          config: provider.config(),
          settings: z.exactOptional(newSettings()),
          id: z.exactOptional(movedId()),
        })
        .check(
          z.superRefine(projectScopeNamesProjects),
          z.overwrite(dropNeedlessProjects),
          z.meta({ id: `New${componentName(provider.id)}Connection`, title: provider.name }),
        ),
    ),
  )
}

export function unsavedConnectionBody(
  providers: readonly Provider[],
): z.ZodMiniType<UnsavedConnection, UnsavedConnectionInput> {
  return union(
    providers.map((provider) =>
      z
        .strictObject({
          providerId: z.literal(provider.id),
          config: provider.config(),
          name: z.exactOptional(connectionName()),
          scope: z.exactOptional(scope()),
          projectIds: z.exactOptional(projectIds()),
          settings: z.exactOptional(newSettings()),
          id: z.exactOptional(movedId()),
        })
        .check(z.meta({ id: `Unsaved${componentName(provider.id)}Connection`, title: provider.name })),
    ),
  )
}

/** The id of a connection of Activepieces, which it keeps when it moves here. */
const movedId = once(() =>
  z.string().check(z.regex(/^[A-Za-z0-9]{21}$/, { error: "an id to keep is 21 letters or digits" })),
)

/**
 * What providers make of their configuration is unknown here, and what they take is text: `ConfigField` has no other
 * kind. Hence the cast.
 */
function union<Output, Input>(branches: z.ZodMiniObject[]): z.ZodMiniType<Output, Input> {
  return z.discriminatedUnion(
    "providerId",
    branches as [z.ZodMiniObject, ...z.ZodMiniObject[]],
  ) as unknown as z.ZodMiniType<Output, Input>
}

/** `cyberark-conjur` as part of a component's name: `CyberarkConjur`. */
function componentName(id: string): string {
  return id.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())
}
