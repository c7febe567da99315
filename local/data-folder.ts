import { randomUUID } from "node:crypto"
import { access, constants, link, mkdir, open, readdir, readFile, rename, unlink } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { SandboxError, systemCode } from "./sandbox-error.ts"

export interface DataFolder {
  /** Absolute. */
  path: string
  /** Gives up the lock. */
  close(): Promise<void>
}

/**
 * Makes the folder where it is missing, for its owner alone, and keeps other sandboxes out until `close` or the end of
 * this process.
 * @throws SandboxError when it cannot be written or another sandbox uses it
 */
export async function openDataFolder(path: string): Promise<DataFolder> {
  const folder = await writableFolder(path)
  const lock = await takeLock(folder)
  return {
    path: folder,
    close: async () => {
      held.delete(lock)
      await unlink(lock).catch(() => undefined)
    },
  }
}

/** The absolute path of the folder, made for its owner alone where it is missing. @throws SandboxError when it cannot be written */
export async function writableFolder(path: string): Promise<string> {
  const folder = resolve(path)
  try {
    await makeFolder(folder)
    await access(folder, constants.W_OK | constants.X_OK)
    return folder
  } catch (cause) {
    throw new SandboxError(
      `cannot write to ${folder}; mend its permissions or choose another with --data-dir.`,
      { cause },
    )
  }
}

/** With those above it. Node's own recursive `mkdir` never returns where a file system makes no folders, such as /proc. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    if (systemCode(error) === "EEXIST") return
    const parent = dirname(path)
    const isMissing = (folder: string) =>
      access(folder).then(
        () => false,
        () => true,
      )
    if (systemCode(error) !== "ENOENT" || !(await isMissing(parent))) throw error
    await makeFolder(parent)
    await mkdir(path, { mode: 0o700 })
  }
}

/** The file's text, or undefined where there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8")
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined
    throw error
  }
}

/** Writes a file (mode 0600) that appears whole or not at all, and replaces none: false where there is one already. */
export async function writeOnce(path: string, text: string): Promise<boolean> {
  const draft = await writeDraft(path, text)
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false
    throw error
  } finally {
    await unlink(draft)
  }
}

/** Writes a file (mode 0600) that holds the old text or the new one, whenever the machine stops. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await rename(await writeDraft(path, text), path)
}

async function writeDraft(path: string, text: string): Promise<string> {
  const draft = `${path}.${randomUUID()}.tmp`
  const file = await open(draft, "wx", 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  return draft
}

/** The locks of this very process, where asking whether the holder lives says nothing. */
const held = new Set<string>()

/**
 * Everyone writes a lock of their own before they look for others', so that of two who come at once at least one sees the
 * other and leaves: perhaps both, never none. What a killed process left behind is nobody's, and swept away.
 */
async function takeLock(folder: string): Promise<string> {
  const own = join(folder, `lock.${randomUUID()}`)
  held.add(own)
  await writeOnce(own, `${process.pid} ${await startOf(process.pid)}`)
  for (const name of await readdir(folder)) {
    const other = join(folder, name)
    if (!/^lock\.[\w-]+$/.test(name) || other === own) continue
    const [pid = "", start = ""] = ((await readIfThere(other)) ?? "").split(" ")
    if (!held.has(other) && !(await lives(Number(pid), start))) {
      await unlink(other).catch(() => undefined)
      continue
    }
    held.delete(own)
    await unlink(own).catch(() => undefined)
    throw new SandboxError(
      `${folder} is in use by another sandbox (process ${pid}); stop it or choose another with --data-dir.`,
    )
  }
  return own
}

async function lives(pid: number, start: string): Promise<boolean> {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (systemCode(error) === "ESRCH") return false
  }
  return start === (await startOf(pid))
}

/**
 * When a process began, in ticks since boot, where the system tells (proc_pid_stat(5), field 22), else empty: a
 * container gives the same few numbers to other processes each time it starts.
 */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "")
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? ""
}
