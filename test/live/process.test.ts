import { spawn } from "node:child_process"
import { once } from "node:events"
import { connect } from "node:net"
import { describe, expect, test } from "vitest"
import { freePort, startProcess } from "./process.ts"

const sleeper = { name: "Sleeper", command: "sleep", args: ["600"] }

describe("a server of the live tests", () => {
  test("ends with the process that started it, even with one that was killed", async () => {
    const port = await freePort()
    const listen = `require("node:net").createServer().listen(${port}, "127.0.0.1", () => console.log("up"))`
    const script = `
      import { startProcess } from ${JSON.stringify(new URL("process.ts", import.meta.url).href)}
      await startProcess({
        name: "Listener",
        command: process.execPath,
        args: ["--eval", ${JSON.stringify(listen)}],
        isReady: async (output) => output !== "",
      })
      console.log("started")
      setInterval(() => {}, 1000)`
    const starter = spawn(process.execPath, ["--input-type=module", "--eval", script])
    await once(starter.stdout, "data")
    expect(await accepts(port)).toBe(true)

    starter.kill("SIGKILL")

    await expect.poll(() => accepts(port)).toBe(false)
  })

  test("can be stopped while it is paused", async () => {
    const server = await startProcess({ ...sleeper, isReady: async () => true })
    server.pause()
    await server.stop()
  })

  test("that ends as it starts says what it printed, and where to look", async () => {
    const started = startProcess({
      name: "Broken",
      command: "sh",
      args: ["-c", "echo cannot bind; exit 1"],
      isReady: async () => false,
    })
    await expect(started).rejects.toThrow(/Broken ended as it started.*test\/live\/setup\.sh.*cannot bind/s)
  })

  test("is asked whether it is ready until it says so", async () => {
    let asked = 0
    const server = await startProcess({ ...sleeper, isReady: async () => ++asked === 3 })
    await server.stop()
    expect(asked).toBe(3)
  })
})

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1")
  try {
    await once(socket, "connect")
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
