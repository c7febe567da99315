import type { StageSettings } from "./config.ts"

/**
 * The Lambdas that may invoke `resolve-direct`: each by an alias of its own, by which the function knows it, and with
 * permission on that alias alone.
 * @returns the ARNs to invoke, by caller
 */
export function createDirectCallers(
  { directCallers }: StageSettings,
  fn: sst.aws.Function,
): Record<string, $util.Output<string>> {
  return Object.fromEntries(
    directCallers.map(({ name, principal }) => {
      const alias = new aws.lambda.Alias(`ResolveDirectAlias-${name}`, {
        name,
        functionName: fn.name,
        functionVersion: fn.nodes.function.version,
      })
      new aws.lambda.Permission(`ResolveDirectPermission-${name}`, {
        action: "lambda:InvokeFunction",
        function: fn.name,
        qualifier: alias.name,
        principal,
      })
      return [name, alias.arn]
    }),
  )
}
