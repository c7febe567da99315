import react from "@vitejs/plugin-react"
import { defineConfig, type Plugin } from "vite"

/**
 * Builds the console as files that a strict content security policy lets run: no inline scripts, no inline styles, no
 * `data:` images. Addresses are relative, so the files work below any path.
 */
export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  plugins: [react(), configFile(process.env.LATCHKEY_CONSOLE_CONFIG)],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: ["chrome125", "firefox128", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
})

/** `config.json` beside the pages, as a deployment gives it (stacks/console.ts). The sandbox serves one of its own. */
function configFile(source: string | undefined): Plugin | undefined {
  return source === undefined
    ? undefined
    : {
        name: "config-file",
        generateBundle() {
          this.emitFile({ type: "asset", fileName: "config.json", source })
        },
        configureServer({ middlewares }) {
          middlewares.use("/config.json", (_, response) =>
            response.setHeader("content-type", "application/json").end(source),
          )
        },
      }
}
