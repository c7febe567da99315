import { globSync, readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"

/** The files that the rules of the house are about. */
export const sources = globSync("{core,functions,stacks,web,local,bench}/**/*.{ts,tsx,mjs}").filter(
  (file) => !file.includes("node_modules") && !file.includes("/dist/"),
)

export interface Import {
  from: string
  /** A path from the repository's root, or a package. */
  to: string
  typeOnly: boolean
}

/**
 * Who imports whom. Static imports only: a provider, say, loads its vendor's SDK by `import()` on first use, and that is
 * what the rules are for.
 */
export const imports: readonly Import[] = sources.flatMap((file) => {
  const text = readFileSync(file, "utf8")
  const statements = text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?["']([^"']+)["']/gm)
  return [...statements].map(([, type, specifier = ""]) => ({
    from: file,
    to: specifier.startsWith(".") ? normalize(join(dirname(file), specifier)) : specifier,
    typeOnly: type !== undefined,
  }))
})
