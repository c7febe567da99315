import { strings } from "../strings.ts"
import type { AuditRecord } from "./requests.ts"

/** Why something failed, as shortly as can be said; undefined where nothing has. */
export const failureText = ({ code, reason }: Pick<AuditRecord, "code" | "reason">): string | undefined =>
  reason ? strings.reasons[reason] : code && strings.audit.codes[code]
