import * as z from "zod/mini"
import { defineProvider, type Provider } from "../../core/providers/provider.ts"
import { Secret } from "../../core/secret.ts"

const about = {
  logo: "logo.svg",
  docsUrl: "https://docs.example.com",
  fields: [],
  secretParams: [],
  pathTemplate: "{path}",
  parsePath: () => {
    throw new Error("not needed here")
  },
  open: () => {
    throw new Error("not needed here")
  },
}

const secret = () =>
  z.pipe(
    z.string(),
    z.transform((value: string) => new Secret(value)),
  )

/** Two providers whose configurations have the shapes that occur: one object, and one of several forms. */
export const fakeProviders: readonly Provider[] = [
  defineProvider({
    ...about,
    id: "hashicorp",
    name: "Vault",
    config: () =>
      z.strictObject({
        url: z.string(),
        roleId: z.string(),
        secretId: secret(),
        namespace: z.exactOptional(z.string()),
      }),
  }),
  defineProvider({
    ...about,
    id: "aws",
    name: "AWS",
    config: () =>
      z.union([
        z.strictObject({ region: z.string(), accessKeyId: z.string(), secretAccessKey: secret() }),
        z.strictObject({ region: z.string(), roleArn: z.string() }),
      ]),
  }),
]
