import { randomBytes } from "node:crypto"
import { vi } from "vitest"
import { randomText } from "../../../local/secret-managers/aws/state.ts"
import { startOnePassword } from "../../../local/secret-managers/onepassword/server.ts"
import { startProxy } from "../../conformance/proxy.ts"
import { fixture, tls } from "../../conformance/reasons.ts"
import { faults } from "./faults.ts"
import { canary } from "./search.ts"
import { redirectOnePassword, type SignIn, signInOver } from "./service-account.ts"
import { describeCanaries } from "./suite.ts"
import type { Target } from "./target.ts"

const sdk = vi.hoisted(() => ({ createClient: undefined as SignIn | undefined }))
vi.mock("@1password/sdk", () => sdk)

async function startTarget(): Promise<Target> {
  const server = await startOnePassword()
  const { admin } = server
  const below = `/${canary("base-path")}`
  const wire = await startProxy(server.url, { tls: tls(), below })
  const plainWire = await startProxy(server.url)
  const names = { vault: canary("vault"), path: canary("item"), key: canary("field") }
  const values = {
    "a value": canary('value ä "q" +/?&=%\\'),
    "a part of a value": canary("part ö"),
    "a neighbour": canary("neighbour"),
    "what is forbidden": canary("forbidden"),
    bytes: canary("bytes"),
  }
  const bytes = Buffer.from([0, 255, ...Buffer.from(values.bytes), 128])
  const field = (id: string, label: string, value: string) => ({ id, label, type: "CONCEALED", value })
  const vault = admin.createVault(names.vault)
  const item = admin.createItem(vault, {
    title: names.path,
    fields: [
      field("f1", names.key, values["a value"]),
      field("f2", "json", JSON.stringify({ part: values["a part of a value"] })),
      field("f3", "other", values["a neighbour"]),
    ],
  })
  admin.attachFile(item, { name: "key.p12", content: bytes })
  const forbidden = admin.createVault("Not yours")
  const secret = admin.createItem(forbidden, {
    title: "Secret",
    fields: [field("f1", "password", values["what is forbidden"])],
  })
  const token = admin.createToken([vault])

  const letters = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
  const parts = {
    email: canary("email"),
    srpX: randomBytes(64).toString("hex"),
    k: randomBytes(32).toString("base64url"),
    secretKey: `A3-${[6, 6, 5, 5, 5, 5].map((length) => randomText(length, letters)).join("-")}`,
    seed: randomBytes(32).toString("hex"),
    deviceUuid: randomText(26).toLowerCase(),
  }
  const serviceAccountToken = tokenOf(parts)
  const double = signInOver({ url: plainWire.url, token, serviceAccount: serviceAccountToken })
  sdk.createClient = double.signIn
  const original = (await vi.importActual<{ createClient: SignIn }>("@1password/sdk")).createClient

  /** Has the SDK itself call what answers so. */
  const trySdk = (fault: keyof typeof faults) => (words: string) => {
    const calls = () => plainWire.requests.filter(({ path }) => path.startsWith("/api/")).length
    const before = calls()
    double.original = original
    plainWire.decide(faults[fault](words))
    const end = redirectOnePassword(plainWire.url)
    return () => {
      delete double.original
      if (calls() === before) throw new Error("The SDK asked nobody.")
      plainWire.decide(() => "forward")
      end()
    }
  }

  return {
    providerId: "onepassword",
    wires: [wire, plainWire],
    ways: {
      Connect: async () => ({ url: wire.url + below, token, caCertificate: fixture("ca.pem") }),
      "service account": async () => ({ serviceAccountToken }),
    },
    unsent: {
      caCertificate: fixture("other-ca.pem"),
      // It is the SDK's, which sends what it makes of it.
      serviceAccountToken: tokenOf({ ...parts, secretKey: "another" }),
    },
    known: {
      text: { path: `op://${names.vault}/${names.path}/${names.key}`, value: values["a value"] },
      part: {
        path: `op://${names.vault}/${names.path}/json`,
        options: "?pointer=/part",
        value: values["a part of a value"],
      },
      bytes: {
        path: `op://${names.vault}/${names.path}/key.p12`,
        options: "?encoding=base64",
        value: bytes.toString("base64"),
      },
    },
    failing: [
      `op://${names.vault}/${names.path}/nothing`,
      `op://${forbidden}/${secret}/password`,
      `op://${names.vault}/nothing/${names.key}`,
      `op://${names.vault}/${names.path}/key.p12`,
    ],
    prefix: `op://${names.vault}/`,
    values: { ...values, ...parts },
    names,
    made: () => ({}),
    failures: {
      "the SDK itself, refused with echoes": {
        way: "service account",
        begin: trySdk("an echoing end of a session"),
      },
      "the SDK itself, answered with other JSON": { way: "service account", begin: trySdk("other JSON") },
    },
    async stop() {
      for (const part of [wire, plainWire, server]) await part.stop()
    },
  }
}

/** As 1Password makes them. */
const tokenOf = ({ email, srpX, k, secretKey, seed, deviceUuid }: Record<string, string>) => {
  const credentials = {
    email: `${email}@1passwordserviceaccounts.com`,
    signInAddress: "https://my.1password.com",
    userAuth: {
      method: "SRPg-4096",
      alg: "PBES2g-HS256",
      iterations: 650000,
      salt: "QCXc-pL5-jGBh9SV1GoYiQ",
    },
    srpX,
    muk: { alg: "A256GCM", ext: true, k, key_ops: ["encrypt", "decrypt"], kty: "oct", kid: "mp" },
    secretKey,
    throttleSecret: { seed, uuid: "A".repeat(26) },
    deviceUuid,
  }
  return `ops_${Buffer.from(JSON.stringify(credentials)).toString("base64url")}`
}

describeCanaries("onepassword", startTarget)
