/** Why a TLS handshake failed, as far as it can be told apart. */
export type TlsFaultKind =
  /** The other side's certificate comes from no authority that is trusted. */
  | 'untrusted'
  /** It is for other host names. */
  | 'name'
  | 'expired'
  | 'not-yet-valid'
  /** What answers does not speak TLS. */
  | 'not-offered'
  /** The other side wants a client certificate, or another one. */
  | 'client-certificate'
  /** There is no version or cipher that both sides have. */
  | 'no-common-version'
  | 'other'

/** RFC 8446, 6.2: the alerts that are about the certificate of the client. */
const ABOUT_CLIENT_CERTIFICATE = new Set([42, 43, 44, 45, 46, 48, 49, 116])
const NO_COMMON_VERSION = new Set([40, 70, 71])
const NOT_TLS = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|UNKNOWN_PROTOCOL|UNEXPECTED_MESSAGE/

/** Null for an error that has nothing to do with TLS. */
export function findTlsFault(error: unknown): TlsFaultKind | null {
  if (!(error instanceof Error)) return null
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const alert = /SSL alert number (\d+)/.exec(error.message)
  if (alert) {
    if (ABOUT_CLIENT_CERTIFICATE.has(Number(alert[1]))) return 'client-certificate'
    return NO_COMMON_VERSION.has(Number(alert[1])) ? 'no-common-version' : 'other'
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'name'
  if (code === 'CERT_HAS_EXPIRED') return 'expired'
  if (code === 'CERT_NOT_YET_VALID') return 'not-yet-valid'
  if (/^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA|PATH_LENGTH)/.test(code)) return 'untrusted'
  if (NOT_TLS.test(code)) return 'not-offered'
  // Node's words for a connection that was closed under the handshake.
  if (code === 'ECONNRESET' && error.message.includes('before secure TLS connection')) return 'not-offered'
  return /^(ERR_SSL|ERR_TLS|ERR_OSSL|EPROTO)/.test(code) ? 'other' : null
}

/** What to say and what to do. `who` is the other side as a sentence begins with it. */
export function explainTlsFault(
  kind: TlsFaultKind,
  input: { who: string; error: Error; hasClientCertificate: boolean; plainPort: string },
): { message: string; remedy: string } {
  const { who, error, hasClientCertificate, plainPort } = input
  switch (kind) {
    case 'untrusted':
      return {
        message: `${who} has a certificate of an authority that is not trusted here (${codeOf(error)})`,
        remedy: "give the certificate of the authority that signed the server's certificate, as PEM",
      }
    case 'name':
      return {
        message: `${who} has a certificate for another name: ${reasonOf(error)}`,
        remedy: 'use an address that is in the certificate, or have a certificate made that names this address',
      }
    case 'expired':
      return { message: `${who} has a certificate that has expired`, remedy: 'renew the certificate of the server' }
    case 'not-yet-valid':
      return {
        message: `${who} has a certificate that is not valid yet`,
        remedy: 'check the clocks of this machine and of whoever made the certificate',
      }
    case 'not-offered':
      return { message: `${who} does not speak TLS`, remedy: `check the port: ${plainPort}` }
    case 'client-certificate':
      return hasClientCertificate
        ? {
            message: `${who} refuses our client certificate (${alertOf(error)})`,
            remedy: 'check that the certificate is valid and comes from an authority that the server trusts',
          }
        : {
            message: `${who} asks for a client certificate, and none is set`,
            remedy: 'give a certificate and its key that the server trusts',
          }
    case 'no-common-version':
      return {
        message: `${who} and this machine have no TLS version and cipher in common (${alertOf(error)})`,
        remedy: 'let the server offer TLS 1.2 or 1.3; older versions are never used',
      }
    case 'other':
      return {
        message: `The TLS handshake with ${who} failed: ${alertOf(error)}`,
        remedy: 'look into the log of the server',
      }
  }
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

function reasonOf(error: Error): string {
  return 'reason' in error && typeof error.reason === 'string' ? error.reason.trim() : error.message
}

/** OpenSSL's words begin with an address and end with a source file; between them is what a person can use. */
function alertOf(error: Error): string {
  return 'reason' in error && typeof error.reason === 'string' ? error.reason.trim() : codeOf(error)
}
