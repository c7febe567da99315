import react from "@vitejs/plugin-react"
import { defineConfig } from "vite"

/**
 * Builds the console as files that a strict content security policy lets run: no inline scripts, no inline styles, no
 * `data:` images. Addresses are relative, so the files work below any path.
 */
export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  plugins: [react()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: ["chrome125", "firefox128", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
})
