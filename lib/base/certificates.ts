import { createPrivateKey, X509Certificate } from 'node:crypto'

/** What people want to know of a certificate. Times in ms since 1970. */
export interface CertificateFacts {
  /** Most special part first, as in RFC 2253: `CN=zk1,O=Example`. ZooKeeper's scheme `x509` names a client like this. */
  readonly subject: string
  readonly issuer: string
  /** Host names and addresses that it is for; empty where it names none. */
  readonly names: readonly string[]
  readonly validFrom: number
  readonly validTo: number
  readonly isAuthority: boolean
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g

/** Every certificate of a PEM text, in its order. Null when there is none or one of them cannot be read. */
export function parseCertificates(pem: string): CertificateFacts[] | null {
  const blocks = pem.match(CERTIFICATE)
  if (blocks === null) return null
  try {
    return blocks.map((block) => toFacts(new X509Certificate(block)))
  } catch (_unreadable) {
    return null
  }
}

export function parseDerCertificate(der: Uint8Array): CertificateFacts {
  return toFacts(new X509Certificate(der))
}

/** Why these cannot be used to show who we are, by the field that is wrong; null when they can. */
export function findIdentityFault(cert: string, key: string): { field: 'cert' | 'key'; message: string } | null {
  const blocks = cert.match(CERTIFICATE)
  if (blocks === null || parseCertificates(cert) === null) {
    return { field: 'cert', message: 'This is not a certificate in PEM form' }
  }
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(key)) {
    return {
      field: 'key',
      message: 'The key is protected by a pass phrase; give it without one, it is stored encrypted',
    }
  }
  try {
    const isItsKey = new X509Certificate(blocks[0]).checkPrivateKey(createPrivateKey(key))
    return isItsKey ? null : { field: 'key', message: 'The key does not belong to the certificate' }
  } catch (_unreadable) {
    return { field: 'key', message: 'This is not a private key in PEM form' }
  }
}

function toFacts(certificate: X509Certificate): CertificateFacts {
  return {
    subject: toName(certificate.subject),
    issuer: toName(certificate.issuer),
    names: toNames(certificate.subjectAltName),
    validFrom: Date.parse(certificate.validFrom),
    validTo: Date.parse(certificate.validTo),
    isAuthority: certificate.ca,
  }
}

/** Node gives a name line by line, from the most general part on, each escaped as RFC 2253 wants it. */
function toName(lines: string | undefined): string {
  return (lines ?? '').split('\n').reverse().join(',')
}

function toNames(text: string | undefined): string[] {
  return (text ?? '')
    .split(', ')
    .filter((part) => /^(DNS|IP Address):/.test(part))
    .map((part) => part.slice(part.indexOf(':') + 1))
}
