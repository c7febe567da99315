/** A DynamoDB table as AWS and the sandbox both make it. Every key is a string; every table is keyed by `pk` and `sk`. */
export interface TableDefinition {
  indexes: readonly TableIndex[]
  /** The attribute, in seconds since 1970, after which DynamoDB may delete an item. */
  expires?: string
}

export interface TableIndex {
  name: string
  hash: string
  range: string
  /** What of an item it holds, besides keys. Absent: all. */
  holds?: readonly string[]
}

export const tables = {
  connections: {
    // From an account of AWS to the connections with credentials of it: sparse, and of the rotation function alone.
    indexes: [
      { name: "byAccount", hash: "awsAccount", range: "awsRegion", holds: ["providerId", "clearedAt"] },
    ],
  },
  audit: {
    // Who did what with a connection, and what an actor did, each by time.
    indexes: [
      { name: "byConnection", hash: "connectionKey", range: "sortKey" },
      { name: "byActor", hash: "actorKey", range: "sortKey" },
    ],
    expires: "expires",
  },
  usage: { indexes: [], expires: "expires" },
} as const satisfies Record<string, TableDefinition>

export type TableName = keyof typeof tables
