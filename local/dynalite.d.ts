declare module "dynalite" {
  import type { Server } from "node:http"

  /** The part of its options that the sandbox uses. */
  export default function dynalite(options: {
    /** Folder of the LevelDB store; in memory without it. */
    path?: string
    /** How long a table stays in `CREATING`, in milliseconds. Default 500. */
    createTableMs?: number
  }): Server
}
