import type { ReferenceOptions } from "../../references/reference-options.ts"
import { invalidPath, knownOptions } from "../known-options.ts"
import type { SecretRef } from "../provider.ts"
import { selectKey, selectPointer, valueText } from "../select.ts"

const expected = "Expected `mount/data/path/key` (KV version 2) or `mount/path/key` (KV version 1)."

/** Where Vault keeps itself: what a read there hands out is no secret of the tenant's, or even Latchkey's own token. */
const reserved: ReadonlySet<string> = new Set(["auth", "sys", "identity", "cubbyhole"])

/**
 * `mount/data/path/key`, or `mount/path/key` with KV version 1, taken to the letter: nothing in it is decoded. Which of
 * both it is shows only when the mount is asked for, so the document is the whole path but the key, each segment
 * encoded, and the version: `secret/data/app?version=3`.
 * @throws ProviderError `INVALID_PATH`
 */
export function parsePath(path: string, options: ReferenceOptions): SecretRef {
  const { version, pointer } = knownOptions("Vault", ["version", "pointer"], options)
  if (version !== undefined && !/^[1-9][0-9]{0,9}$/.test(version)) {
    throw invalidPath("`version` must be a whole number from 1 up.")
  }

  const segments = path.split("/")
  const key = segments.at(-1) ?? ""
  if (segments.length < 3) throw invalidPath(expected)
  checkSegments(segments)

  const document = encodePath(path.slice(0, path.lastIndexOf("/")))
  return {
    path,
    document: version === undefined ? document : `${document}?version=${version}`,
    select: (content) => valueText(selectPointer(selectKey(content, key), pointer)),
  }
}

/**
 * The document of a secret's path without a key: `mount/data/path` or `mount/path`.
 * @throws ProviderError `INVALID_PATH`
 */
export function documentOf(path: string): string {
  const segments = path.split("/")
  if (segments.length < 2) throw invalidPath("Expected `mount/data/path` or `mount/path`.")
  // What follows a path is a key, which may be anything, so the last segment is checked by adding one.
  checkSegments([...segments, "key"])
  return encodePath(path)
}

/**
 * A folder's path, which may end in a slash, without that slash: `mount`, `mount/data/folder`.
 * @throws ProviderError `INVALID_PATH`
 */
export function folderOf(prefix: string): string {
  const path = prefix.endsWith("/") ? prefix.slice(0, -1) : prefix
  checkSegments([...path.split("/"), "key"])
  return path
}

/** Encodes each segment of a path for use in a URL. */
export function encodePath(path: string): string {
  // What needs no encoding is what most paths are made of.
  if (/^[\w.~/-]*$/.test(path)) return path
  return path.split("/").map(encodeURIComponent).join("/")
}

function checkSegments(segments: readonly string[]): void {
  if (segments.includes("")) {
    throw invalidPath(`A path has no leading, trailing or double slash. ${expected}`)
  }
  if (segments.includes(".") || segments.includes("..")) {
    throw invalidPath(`A path has no \`.\` and \`..\` segments. ${expected}`)
  }
  if (reserved.has(segments[0] ?? "")) {
    throw invalidPath(
      `\`${segments[0]}\` belongs to Vault itself: only KV secrets engines can be read. ${expected}`,
    )
  }
  // As Vault does (Go's unicode.IsPrint), which answers 400 to any other character. A key travels in no URL.
  if (!isPrintable(segments.slice(0, -1).join(""))) {
    throw invalidPath("A path has printable characters and plain spaces only.")
  }
}

/** Most is ASCII, which is told in a fraction of the time, and of a cold start's. */
function isPrintable(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text) || /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u.test(text)
}
