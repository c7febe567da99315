type Asynchronous<Target> = { [Name in keyof Target]: (...args: never[]) => Promise<unknown> }

/**
 * An object whose methods load what is behind them with the first call, so that a cold start need not read it. They must
 * all be named; one that cannot be loaded rejects as they would.
 */
export function onDemand<Target extends Asynchronous<Target>>(
  load: () => Promise<Target>,
  methods: Readonly<Record<keyof Target, true>>,
): Target {
  let loading: Promise<Target> | undefined
  const method = (name: keyof Target) => {
    return async (...args: never[]) => {
      loading ??= load()
      return (await loading)[name](...args)
    }
  }
  const names = Object.keys(methods) as (keyof Target)[]
  return Object.fromEntries(names.map((name) => [name, method(name)])) as unknown as Target
}
