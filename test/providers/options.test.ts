import { expect, test } from "vitest"
import { providers } from "../../core/providers/registry.ts"

const demo = {
  hashicorp: ["secret/data/app/key", "stage"],
  "cyberark-conjur": ["data/app", "stage"],
  aws: ["prod/db", "attribute"],
  "aws-ssm": ["/prod/db", "stage"],
  onepassword: ["op://Vault/Item/field", "version"],
} as const

test.each(providers)(
  "$name refuses an option that it does not know, and says which there are",
  (provider) => {
    const [path, option] = demo[provider.id]
    expect(() => provider.parsePath(path, { [option]: "x" })).toThrow(
      new RegExp(`^\\S.* has no option \`${option}\`\\. Leave it out; there are \`.+\` and \`.+\`\\.$`),
    )
  },
)
