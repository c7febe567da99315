import { expect, test } from "vitest"
import { Secret } from "../../core/secret.ts"
import { connect, resolve, world } from "../support/instance.ts"

test("an item's password and its one-time code resolve together: the code is asked for every time", async () => {
  const { instance, vault } = world()
  const latchkey = instance()
  const id = await connect(latchkey, {
    providerId: "onepassword",
    config: { url: "https://connect.example", token: new Secret("s3cret") },
  })
  const part = (more: object) => ({ id: "f1", label: "login", kind: "field", type: "OTP", ...more })
  const item = (more: object) => ({ sections: [], parts: [part(more)] })
  vault.documents.set("team/mail", item({ value: "hunter2" }))
  vault.documents.set("team/mail?attribute=otp", item({ code: "123456" }))
  const value = [
    `{{secret://${id}/op://team/mail/login}}`,
    `{{secret://${id}/op://team/mail/login?attribute=otp}}`,
  ]

  expect((await resolve(latchkey, value)).value).toEqual(["hunter2", "123456"])
  vault.documents.set("team/mail?attribute=otp", item({ code: "654321" }))
  const { value: again, references } = await resolve(latchkey, value)
  expect(again).toEqual(["hunter2", "654321"])
  expect(references).toMatchObject([{ source: "memory" }, { source: "provider" }])
})
