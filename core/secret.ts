const redacted = "[redacted]"

/**
 * Carries a credential or a resolved value until the last moment. However it is printed, serialized or inspected it
 * shows `[redacted]`; only `reveal()` gives what is inside, so that every place that handles plain secrets can be
 * found by that word.
 */
export class Secret<T = string> {
  readonly #value: T

  constructor(value: T) {
    this.#value = value
  }

  reveal(): T {
    return this.#value
  }

  toString(): string {
    return redacted
  }

  toJSON(): string {
    return redacted
  }

  [Symbol.toPrimitive](): string {
    return redacted
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return redacted
  }
}
