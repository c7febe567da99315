import { writeFileSync } from "node:fs"
import { openApi } from "../core/contract/openapi.ts"
import { operations } from "../core/contract/operations/index.ts"
import { problemsPage } from "./problems-page.ts"

/** Writes what is generated from the contract into this folder; tests fail where it is out of date. */
const folder = import.meta.dirname
writeFileSync(`${folder}/openapi.json`, `${JSON.stringify(openApi(Object.values(operations)), null, 2)}\n`)
writeFileSync(`${folder}/problems.md`, problemsPage())
