import type { Sessions } from "../providers/provider.ts"

/** Sessions for one live test: it really logs in, and leaves nothing behind. */
export function loginsOfItsOwn(): Sessions {
  return {
    current: (login, signal) => login(signal),
    replace: (_rejected, login, signal) => login(signal),
    note: async (session, notes) => ({ ...session, notes: { ...session.notes, ...notes } }),
  }
}
