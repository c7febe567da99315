const KiB = 1024
const MiB = 1024 * KiB

/** The limits that the contract states (api.md, "Limits"). Sizes in bytes unless the name says otherwise. */
export const limits = {
  body: 256 * KiB,
  resolveBody: 1 * MiB,
  directBody: 5 * MiB,
  rotatedBody: 16 * KiB,
  resolveReply: 4 * MiB,
  directReply: 5 * MiB,
  listReply: 4 * MiB,
  references: 500,
  connectionsPerResolve: 99,
  depth: 64,
  pathCharacters: 2048,
  pointerCharacters: 4096,
  secret: 64 * KiB,
  /** Of all documents of one connection that one request reads, where no cache has them. */
  fetched: 32 * MiB,
  connectionsPerPlatform: 1000,
  pageSize: 100,
  defaultPageSize: 50,
  projects: 100,
  allowedPaths: 100,
  allowedPathCharacters: 512,
  cacheTtlSeconds: 3600,
  staleIfErrorSeconds: 86_400,
} as const
