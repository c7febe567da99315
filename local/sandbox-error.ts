/** What whoever starts the sandbox can mend: the message is one line, says what to do, and is shown without a stack. */
export class SandboxError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = "SandboxError"
  }
}

/** The `code` of a system error, such as `EADDRINUSE`. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined
  return typeof code === "string" ? code : undefined
}
