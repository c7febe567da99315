import { describe } from "vitest"
import { connectionStoreSuite } from "../connections/store-suite.ts"
import { memoryStore } from "./memory-store.ts"

describe("the store in memory", () => {
  connectionStoreSuite(async () => {
    const store = memoryStore()
    return {
      store,
      accounts: store,
      load: async (records) => {
        for (const record of records) await store.create(record, "req_load")
      },
      stop: async () => {},
    }
  })
})
