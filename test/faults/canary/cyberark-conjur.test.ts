import { generateKeyPairSync } from "node:crypto"
import { SignJWT } from "jose"
import { startConjur } from "../../../local/secret-managers/conjur/server.ts"
import { startProxy } from "../../conformance/proxy.ts"
import { fixture, tls } from "../../conformance/reasons.ts"
import { canary } from "./search.ts"
import { describeCanaries } from "./suite.ts"
import type { Target } from "./target.ts"

async function startTarget(): Promise<Target> {
  const server = await startConjur({ account: canary("account") })
  const { admin } = server
  const below = `/${canary("base-path")}`
  const wire = await startProxy(server.url, { tls: tls(), below })
  const names = { path: canary("path"), key: canary("key") }
  const values = {
    "a value": canary('value ä "q" +/?&=%\\'),
    "a part of a value": canary("part ö"),
    "a neighbour": canary("neighbour"),
    "what is forbidden": canary("forbidden"),
  }
  const bytes = Buffer.from([0, 255, ...Buffer.from(canary("bytes")), 128])
  const path = `data/${names.path}/${names.key}`
  const { loginId, apiKey } = admin.createLogin(`host/data/${canary("login")}`)
  const app = admin.createLogin("host/data/app")
  const put = (id: string, value: string | Buffer) => {
    admin.put(id, value)
    for (const login of [loginId, app.loginId]) admin.permit(login, ["read", "execute"], id)
  }
  put(path, values["a value"])
  put(`${path}/json`, JSON.stringify({ part: values["a part of a value"], other: values["a neighbour"] }))
  put(`${path}/bytes`, bytes)
  admin.put("data/forbidden", values["what is forbidden"])
  admin.permit(loginId, ["read"], "data/forbidden")

  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const publicKeys = [String(publicKey.export({ type: "spki", format: "pem" }))]
  const serviceId = canary("service")
  admin.enableJwt(serviceId, { publicKeys, tokenAppProperty: "sub", identityPath: "data" }, [app.loginId])
  const jwt = await new SignJWT({ sub: "app" })
    .setProtectedHeader({ alg: "ES256" })
    .setExpirationTime("1h")
    .sign(privateKey)

  const everywhere = {
    url: wire.url + below,
    organizationAccountName: admin.account,
    caCertificate: fixture("ca.pem"),
  }
  return {
    providerId: "cyberark-conjur",
    wires: [wire],
    ways: {
      "API key": async () => ({ ...everywhere, authMethod: "api-key", loginId, apiKey }),
      JWT: async () => ({ ...everywhere, authMethod: "jwt", serviceId, jwt }),
    },
    unsent: { caCertificate: fixture("other-ca.pem") },
    known: {
      text: { path, value: values["a value"] },
      part: { path: `${path}/json`, options: "?pointer=/part", value: values["a part of a value"] },
      bytes: { path: `${path}/bytes`, options: "?encoding=base64", value: bytes.toString("base64") },
    },
    failing: [`${path}/nothing`, "data/forbidden", `${path}?pointer=/x`, `${path}/bytes`],
    prefix: `data/${names.path}/`,
    values: { ...values, bytes: bytes.subarray(2, -1).toString() },
    names,
    made: () => ({}),
    async stop() {
      await wire.stop()
      await server.stop()
    },
  }
}

describeCanaries("cyberark-conjur", startTarget)
