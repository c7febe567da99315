/** The sandbox's API, without demo and console, over what the variables name. Run by sandboxes.ts, and ends with it. */
import { startOptions } from "../../local/options.ts"
import { startSandbox } from "../../local/sandbox.ts"
import { loadService } from "../../local/service.ts"

const sandbox = await startSandbox({
  ...startOptions(["--port", "0", "--no-demo", ...process.argv.slice(2)], process.env),
  loadService,
  onError: (operation, error) => console.error(`${operation}:`, error),
})
process.send?.({ api: sandbox.api })
process.once("disconnect", () => void sandbox.close().finally(() => process.exit()))
