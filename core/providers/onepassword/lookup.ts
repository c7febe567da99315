import { ProviderError, type Reason } from "../../errors.ts"
import { ambiguous, sameName } from "./item.ts"
import { type Item, isId, type Named, type OnePassword } from "./store.ts"

/**
 * A vault by id where the name looks like one, else by name: a name can look like an id too.
 * @throws ProviderError `NOT_FOUND`, `PERMISSION_DENIED`; `INVALID_PATH` where several have the name
 */
export async function findVault(store: OnePassword, name: string): Promise<Named> {
  const byId = isId(name) ? await orAbsent(store.vault(name)) : undefined
  if (byId && "id" in byId) return { ...byId, id: name }
  const named = sameName(await store.vaultsNamed(name), name, ({ title }) => title)
  return only(named, "vault", byId?.absent)
}

/**
 * An item in the same way. An archived one is found where there is no other.
 * @param remembered the id that the title had before: right as long as what it leads to still has the title
 */
export async function findItem(
  store: OnePassword,
  vaultId: string,
  name: string,
  remembered?: string,
): Promise<Item> {
  const byId = isId(name) ? await orAbsent(store.item(vaultId, name)) : undefined
  if (byId && "id" in byId) return byId

  if (remembered !== undefined && isId(remembered)) {
    const item = await orAbsent(store.item(vaultId, remembered))
    if ("id" in item && item.title === name && !item.archived) return item
  }
  const named = sameName(await store.itemsNamed(vaultId, name), name, ({ title }) => title)
  const active = named.filter(({ archived }) => !archived)
  return only(active.length > 0 ? active : named, "item", byId?.absent)
}

const absences: ReadonlySet<Reason> = new Set(["NOT_FOUND", "PERMISSION_DENIED"])

/** Whether it says that what was asked for is not there, or not for this token: 1Password does not tell which. */
export const isAbsence = (error: unknown): error is ProviderError =>
  error instanceof ProviderError && absences.has(error.reason)

/** What was asked for by id, or the answer that it is not there. */
async function orAbsent<Thing extends Named>(
  asked: Promise<Thing>,
): Promise<Thing | { absent: ProviderError }> {
  try {
    return await asked
  } catch (error) {
    if (isAbsence(error)) return { absent: error }
    throw error
  }
}

/** @throws ProviderError `INVALID_PATH` for several; for none `absent`, else `NOT_FOUND` */
function only<Thing extends Named>(
  things: readonly Thing[],
  what: keyof typeof missing,
  absent: ProviderError | undefined,
): Thing {
  const ids = things.map(({ id }) => id)
  if (things.length > 1) throw ambiguous(what, ids)
  const [thing] = things
  if (thing) return thing
  throw absent ?? new ProviderError("NOT_FOUND", missing[what])
}

const missing = {
  vault:
    "No vault of that name is among those that the token may read. Check the name and the token's vaults.",
  item: "The vault has no item of that title. Check its spelling, upper and lower case too.",
}
