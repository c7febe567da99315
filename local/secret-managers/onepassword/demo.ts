import { randomBytes } from "node:crypto"
import type { JsonObject } from "./protocol.ts"

interface DemoItem {
  vault: string
  item: JsonObject
  files: { name: string; content: Buffer }[]
  /** What a rotation renews: references and new values. */
  secrets: [reference: string, value: string][]
}

/**
 * What the sandbox starts with: realistic in shape, and obviously fake. Every call gives other values, which is what a
 * rotation writes.
 */
export function demoItems(): DemoItem[] {
  const tag = randomBytes(6).toString("hex")
  const key = `sk_live_fake_${tag}`
  const password = `fake-password-${tag}`
  const admin = `fake-admin-${tag}`
  return [
    {
      vault: "Production",
      item: {
        title: "Stripe",
        category: "API_CREDENTIAL",
        tags: ["payments"],
        fields: [
          { id: "username", type: "STRING", label: "username", value: "acct_fake_1" },
          { id: "credential", type: "CONCEALED", label: "Secret Key", value: key },
        ],
      },
      files: [],
      secrets: [["op://Production/Stripe/Secret Key", key]],
    },
    {
      vault: "Production",
      item: {
        title: "Database",
        category: "LOGIN",
        sections: [{ id: "admin", label: "Admin" }, { id: "add more" }],
        fields: [
          { id: "username", type: "STRING", purpose: "USERNAME", label: "username", value: "app_fake" },
          { id: "password", type: "CONCEALED", purpose: "PASSWORD", label: "password", value: password },
          { id: "notesPlain", type: "STRING", purpose: "NOTES", label: "notesPlain" },
          {
            id: "adminpassword",
            section: { id: "admin" },
            type: "CONCEALED",
            label: "admin password",
            value: admin,
          },
          {
            id: "connection",
            section: { id: "add more" },
            type: "CONCEALED",
            label: "connection",
            value: JSON.stringify({ host: "db.example.invalid", port: 5432, user: "app_fake", password }),
          },
          {
            id: "TOTP_2fa",
            section: { id: "add more" },
            type: "OTP",
            label: "one-time password",
            value: "otpauth://totp/Fake:app_fake?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Fake",
          },
        ],
      },
      files: [{ name: "client.p12", content: Buffer.concat([Buffer.from([0, 255, 128]), randomBytes(61)]) }],
      secrets: [
        ["op://Production/Database/password", password],
        ["op://Production/Database/Admin/admin password", admin],
      ],
    },
    {
      vault: "Restricted",
      item: {
        title: "Root CA",
        category: "PASSWORD",
        fields: [{ id: "password", type: "CONCEALED", label: "password", value: `fake-root-${tag}` }],
      },
      files: [],
      secrets: [],
    },
  ]
}
