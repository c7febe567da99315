/** Calls `make` on first use and remembers what it made: schemas cost nothing until a request needs them. */
export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
