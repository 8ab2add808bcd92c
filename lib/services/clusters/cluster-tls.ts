import type { TlsSettings } from '../../adapters/zookeeper/connection.ts'
import { type CertificateFacts, findIdentityFault, parseCertificates } from '../../base/certificates.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import type { ClusterInput } from './schemas.ts'
import type { CertificateView, ClusterTlsView } from './views.ts'

/** Everything of TLS that a view may show: the key is not even read. */
export const TLS_COLUMNS = { tlsOn: true, tlsCa: true, tlsCert: true, tlsCheckName: true } as const
interface TlsRow {
  readonly tlsOn: boolean
  readonly tlsCa: string | null
  readonly tlsCert: string | null
  readonly tlsCheckName: boolean
}

/** For the adapter only. Null: plain. Throws SECRET_UNREADABLE. */
export function openTls(
  context: Pick<ServiceContext, 'secrets'>,
  row: TlsRow & { readonly tlsKey: Uint8Array | null },
): TlsSettings | null {
  if (!row.tlsOn) return null
  const key = row.tlsKey === null ? null : context.secrets.open(row.tlsKey)
  return { ca: row.tlsCa, cert: row.tlsCert, key, checkName: row.tlsCheckName }
}

export function toTlsView(row: TlsRow): ClusterTlsView | null {
  if (!row.tlsOn) return null
  return {
    ca: row.tlsCa ?? '',
    cert: row.tlsCert ?? '',
    checkName: row.tlsCheckName,
    certificates: [
      ...toCertificateViews('authority', row.tlsCa),
      // The chain behind our own is the authority's business.
      ...toCertificateViews('client', row.tlsCert).slice(0, 1),
    ],
  }
}

export function toCertificateView(of: CertificateView['of'], facts: CertificateFacts): CertificateView {
  const { subject, issuer, validTo } = facts
  return { of, subject, issuer, validTo: new Date(validTo).toISOString() }
}

function toCertificateViews(of: CertificateView['of'], pem: string | null): CertificateView[] {
  return (pem === null ? null : parseCertificates(pem))?.map((facts) => toCertificateView(of, facts)) ?? []
}

/** What the schema cannot tell. A key that is left empty is the stored one, which is checked where it is known. Throws INVALID_INPUT. */
export function checkTlsInput(tls: ClusterInput['tls']): void {
  if (tls.kind !== 'on') return
  if (tls.ca !== '' && parseCertificates(tls.ca) === null) {
    throw tlsError('ca', 'One of these certificates cannot be read')
  }
  if (tls.key !== '' && tls.cert === '') throw tlsError('cert', 'A private key needs its certificate')
  if (tls.cert !== '' && parseCertificates(tls.cert) === null) {
    throw tlsError('cert', 'One of these certificates cannot be read')
  }
  if (tls.key !== '') checkIdentity(tls.cert, tls.key)
}

/** The settings as they would be stored, over those that are: an empty key keeps the stored one. Throws INVALID_INPUT where they do not fit together. */
export function mergeTls(input: ClusterInput['tls'], stored: TlsSettings | null): TlsSettings | null {
  if (input.kind === 'keep') return stored
  if (input.kind === 'off') return null
  const cert = input.cert || null
  const key = cert === null ? null : input.key || (stored?.key ?? null)
  if (cert !== null && key === null) throw tlsError('key', 'The certificate needs its private key')
  if (cert !== null && key !== null) checkIdentity(cert, key)
  return { ca: input.ca || null, cert, key, checkName: input.checkName }
}

/** `undefined` leaves a column as it is. The key leaves this function sealed. */
export function toTlsColumns(
  context: Pick<ServiceContext, 'secrets'>,
  input: ClusterInput['tls'],
  merged: TlsSettings | null,
) {
  if (input.kind === 'keep') return {}
  if (merged === null) return { tlsOn: false, tlsCa: null, tlsCert: null, tlsKey: null, tlsCheckName: true }
  return {
    tlsOn: true,
    tlsCa: merged.ca,
    tlsCert: merged.cert,
    tlsKey: merged.key === null ? null : context.secrets.seal(merged.key),
    tlsCheckName: merged.checkName,
  }
}

/** For the audit, in one line: what was agreed on, never the key. */
export function describeTls(row: TlsRow): string {
  if (!row.tlsOn) return 'off'
  const authorities = toCertificateViews('authority', row.tlsCa).map(({ subject }) => subject)
  const client = toCertificateViews('client', row.tlsCert)[0]
  return [
    `on, trusting ${authorities.length > 0 ? authorities.join(' and ') : 'the well-known authorities'}`,
    client ? `as ${client.subject}` : 'without a client certificate',
    ...(row.tlsCheckName ? [] : ['names not checked']),
  ].join(', ')
}

function checkIdentity(cert: string, key: string): void {
  const fault = findIdentityFault(cert, key)
  if (fault) throw tlsError(fault.field, fault.message)
}

function tlsError(field: 'ca' | 'cert' | 'key', message: string): ServiceError {
  return new ServiceError('INVALID_INPUT', message, {
    unaffected: 'nothing was changed',
    details: { fields: { [`tls.${field}`]: message } },
  })
}
