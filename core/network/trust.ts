import { X509Certificate } from "node:crypto"
import { createSecureContext, rootCertificates, type SecureContext } from "node:tls"
import { Failure } from "./failure.ts"

/** The first versions of TLS without known weaknesses. Stated, since flags of Node could lower the default. */
const minVersion = "TLSv1.2"

let publicRoots: SecureContext | undefined

/**
 * Whom a connection trusts. With a CA bundle: the authorities in it **instead of** the public ones, as with Vault's own
 * `VAULT_CACERT` and curl's `--cacert`: who runs a private authority wants no public one to vouch for the server.
 * Without: the authorities that ship with Node, never what the environment adds (`NODE_EXTRA_CA_CERTS`, which Lambda sets).
 *
 * @throws Failure `TLS` where the bundle is not PEM
 */
export function trust(caCertificate: string | undefined): SecureContext {
  if (caCertificate === undefined) {
    // Built once: reading all the public roots costs milliseconds.
    publicRoots ??= createSecureContext({ ca: [...rootCertificates], minVersion })
    return publicRoots
  }
  const certificates = caCertificate.match(pem)
  if (certificates === null || !certificates.every(isCertificate))
    throw new Failure(
      "TLS",
      "`caCertificate` is not a certificate in PEM: paste it with its BEGIN CERTIFICATE and END CERTIFICATE lines",
    )
  return createSecureContext({ ca: certificates, minVersion })
}

const pem = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g

function isCertificate(text: string): boolean {
  try {
    new X509Certificate(text)
    return true
  } catch {
    return false
  }
}
