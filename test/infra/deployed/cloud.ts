import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { type IncomingMessage, request as open, type ServerResponse } from "node:http"
import { createServer } from "node:https"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { buffer } from "node:stream/consumers"
import { DynamoDBClient } from "@aws-sdk/client-dynamodb"
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose"
import { startDynamoDb } from "../../../local/dynamodb.ts"
import { startKms } from "../../../local/kms.ts"
import { startRedis } from "../../../local/redis.ts"
import { type AwsServer, startAws } from "../../../local/secret-managers/aws/server.ts"
import { type ConjurServer, startConjur } from "../../../local/secret-managers/conjur/server.ts"
import {
  type OnePasswordServer,
  startOnePassword,
} from "../../../local/secret-managers/onepassword/server.ts"
import { startVault, type VaultServer } from "../../../local/secret-managers/vault/server.ts"
import { createTables, type TableNames } from "../../../local/tables.ts"
import type { Statement } from "../../../stacks/plan/shape.ts"
import { actionOf } from "./aws-actions.ts"
import type { Internet } from "./internet.ts"
import { statementsFor } from "./policy.ts"

/** What AWS, Upstash, an identity provider and secret managers are to deployed functions, all of the sandbox's making. */
export interface Cloud {
  internet: Internet
  vault: VaultServer
  aws: AwsServer
  conjur: ConjurServer
  onepassword: OnePasswordServer
  /** Commands that the cache was given. */
  cacheCommands(): number
  /** Empties the cache: sessions, values and leases. */
  emptyCache(): Promise<void>
  /** The key by which requests of a function's role are known, and judged by these statements. */
  giveRole(role: string, statements: readonly Statement[]): { accessKeyId: string; secretAccessKey: string }
  /** What was refused: role, action, resources. */
  refused: readonly string[]
  /** The actions that were allowed, by the statement that did. */
  used: ReadonlyMap<Statement, ReadonlySet<string>>
  signToken(claims: JWTPayload): Promise<string>
  close(): Promise<void>
}

export interface CloudOptions {
  tables: TableNames
  /** As the functions know it. */
  keyArn: string
  redis: { host: string; token: string }
  identity: { host: string; issuer: string; audience: string }
}

const account = "123456789012"
const region = "us-east-1"

const pem = (name: string) => readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), "utf8")
const tls = { cert: pem("deployed.pem"), key: pem("leaf.key") }

/** Starts all of it on 127.0.0.1. What is signed by a function's role passes only where the role's statements allow it. */
export async function startCloud({ tables, keyArn, redis, identity }: CloudOptions): Promise<Cloud> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-cloud-"))
  const door = { demo: true, tls, hostCheck: false }
  const [dynamodb, kms, cache, vault, conjur, onepassword, aws, keys] = await Promise.all([
    startDynamoDb(),
    startKms({ folder, region }),
    startRedis({ token: redis.token }),
    startVault(door),
    startConjur(door),
    startOnePassword(door),
    startAws({ demo: true, hostCheck: false }),
    generateKeyPair("ES256"),
  ])
  await makeTables(dynamodb.url, tables)
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(keys.publicKey)), kid: "1", alg: "ES256" }] })
  const guard = createGuard()

  /** By host. */
  const servers: Record<string, (request: IncomingMessage, body: Buffer) => Promise<Answer>> = {
    [`dynamodb.${region}.amazonaws.com`]: (request, body) => forward(dynamodb.url, request, body),
    [`kms.${region}.amazonaws.com`]: (request, body) =>
      forward(kms.url, request, Buffer.from(body.toString().replaceAll(keyArn, kms.keyId))),
    // Signatures are verified there, and cover the host.
    [`sts.${region}.amazonaws.com`]: (request, body) => forward(aws.url, request, body, request.headers.host),
    [`secretsmanager.${region}.amazonaws.com`]: (request, body) =>
      forward(aws.url, request, body, request.headers.host),
    [`ssm.${region}.amazonaws.com`]: (request, body) => forward(aws.url, request, body, request.headers.host),
    [redis.host]: (request, body) => forward(cache.url, request, body),
    [identity.host]: async () => ({ status: 200, body: jwks }),
  }
  const front = createServer(tls, async (request: IncomingMessage, response: ServerResponse) => {
    const body = await buffer(request)
    const serve = servers[request.headers.host ?? ""]
    const { status, body: text } = guard.refuses(request, body)
      ? accessDenied(request)
      : ((await serve?.(request, body)) ?? { status: 421, body: "" })
    response.writeHead(status).end(text)
  })
  front.listen(0, "127.0.0.1")
  await once(front, "listening")
  const { port } = front.address() as AddressInfo

  return {
    internet: {
      authority: pem("ca.pem"),
      hosts: {
        ...Object.fromEntries(Object.keys(servers).map((host) => [host, port])),
        "vault.acme.example": Number(new URL(vault.url).port),
        "conjur.acme.example": Number(new URL(conjur.url).port),
        "onepassword.acme.example": Number(new URL(onepassword.url).port),
      },
    },
    vault,
    aws,
    conjur,
    onepassword,
    cacheCommands: () => cache.commands.count(),
    async emptyCache() {
      const headers = { authorization: `Bearer ${redis.token}` }
      const { status } = await fetch(cache.url, { method: "POST", headers, body: '["FLUSHALL"]' })
      if (status !== 200) throw new Error("The cache was not emptied.")
    },
    giveRole(role, statements) {
      const policy = { Statement: [{ Effect: "Allow" as const, Action: "sts:AssumeRole", Resource: "*" }] }
      const { accessKeyId, secretAccessKey } = aws.admin.createUser(role, policy, account)
      guard.roles.set(accessKeyId, { role, statements })
      return { accessKeyId, secretAccessKey }
    },
    refused: guard.refused,
    used: guard.used,
    signToken: (claims) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: "ES256", typ: "JWT", kid: "1" })
        .setIssuer(identity.issuer)
        .setAudience(identity.audience)
        .setIssuedAt()
        .setExpirationTime("1h")
        .sign(keys.privateKey),
    async close() {
      front.close()
      front.closeAllConnections()
      await Promise.all([dynamodb.close(), kms.close(), cache.close()])
      await Promise.all([vault, aws, conjur, onepassword].map((server) => server.stop()))
      rmSync(folder, { recursive: true })
    },
  }
}

/** Judges what functions' roles sign; what is signed by others, or not at all, is not AWS's to judge here. */
function createGuard() {
  const roles = new Map<string, { role: string; statements: readonly Statement[] }>()
  const refused: string[] = []
  const used = new Map<Statement, Set<string>>()
  return {
    roles,
    refused,
    used,
    refuses({ headers }: IncomingMessage, body: Buffer): boolean {
      const service = (headers.host ?? "").split(".")[0] ?? ""
      const signer = roles.get(/Credential=([^/]+)\//.exec(headers.authorization ?? "")?.[1] ?? "")
      // DynamoDB and KMS know nobody but roles.
      if (!signer && !["dynamodb", "kms"].includes(service)) return false
      const action = actionOf(service, headers, body)
      const allowing = statementsFor(signer?.statements ?? [], action)
      for (const statement of allowing ?? [])
        used.set(statement, (used.get(statement) ?? new Set()).add(action.name))
      if (!allowing) refused.push(`${signer?.role} ${action.name} ${action.resources.join(" ")}`)
      return !allowing
    },
  }
}

async function makeTables(endpoint: string, tables: TableNames): Promise<void> {
  const credentials = { accessKeyId: "operator", secretAccessKey: "operator" }
  const client = new DynamoDBClient({ endpoint, region, credentials })
  await createTables(client, tables)
  client.destroy()
}

interface Answer {
  status: number
  body: string | Buffer
}

function accessDenied({ headers }: IncomingMessage): Answer {
  return headers.host?.startsWith("sts.")
    ? {
        status: 403,
        body: "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized</Message></Error></ErrorResponse>",
      }
    : { status: 400, body: JSON.stringify({ __type: "AccessDeniedException", message: "not authorized" }) }
}

function forward(
  base: string,
  { method, url = "/", headers }: IncomingMessage,
  body: Buffer,
  host = new URL(base).host,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    open(
      new URL(url, base),
      { method, headers: { ...headers, host, "content-length": body.length } },
      (answer) => {
        buffer(answer).then((text) => resolve({ status: answer.statusCode ?? 502, body: text }), reject)
      },
    )
      .on("error", reject)
      .end(body)
  })
}
