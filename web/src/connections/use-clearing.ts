import { useState } from "react"
import type { Connection } from "../../../core/client/index.ts"
import { useSession } from "../session/session.tsx"
import { strings } from "../strings.ts"
import { useAnnounce } from "../ui/announcer.tsx"

/** Clears the cache of a connection, or of the platform where none is named, and says so. */
export function useClearing() {
  const { client } = useSession()
  const announce = useAnnounce()
  const [busy, setBusy] = useState<readonly (string | undefined)[]>([])
  const [error, setError] = useState<unknown>()

  async function clear(connection: Pick<Connection, "id" | "name"> | undefined): Promise<void> {
    const id = connection?.id
    setBusy((before) => [...before, id])
    setError(undefined)
    try {
      await client.clearCache({ connectionId: id })
      announce(connection ? strings.connections.cleared(connection.name) : strings.connections.clearedAll)
    } catch (thrown) {
      setError(thrown)
    } finally {
      setBusy((before) => before.filter((one) => one !== id))
    }
  }

  return { clear, error, isBusy: (id: string | undefined) => busy.includes(id) }
}
