import type { Operation } from "../operation.ts"
import type { OperationId } from "../routes.ts"
import { audit } from "./audit.ts"
import { browse } from "./browse.ts"
import {
  clearCache,
  deleteConnection,
  getConnection,
  listConnections,
  testConnection,
} from "./connections.ts"
import { document } from "./document.ts"
import { createConnection, testUnsaved } from "./new-connection.ts"
import { listProviders } from "./providers.ts"
import { resolve } from "./resolve.ts"
import { updateConnection } from "./update-connection.ts"
import { usage } from "./usage.ts"
import { validate } from "./validate.ts"
import { rotated, webhookSecret } from "./webhook.ts"

/**
 * Every operation that is served, by id: the document and the clients' types derive from it. A function that serves one
 * operation imports that operation's file instead, and loads no other.
 */
export const operations = {
  listProviders,
  listConnections,
  getConnection,
  createConnection,
  updateConnection,
  deleteConnection,
  testUnsaved,
  testConnection,
  clearCache,
  resolve,
  validate,
  browse,
  usage,
  audit,
  webhookSecret,
  rotated,
  document,
} satisfies Record<OperationId, Operation>
