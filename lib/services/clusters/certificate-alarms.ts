import { describeExpiry, expiresSoon } from '../../base/certificate-expiry.ts'
import type { CertificateView, ClusterAlarmView, ClusterTlsView, ServerStatusView } from './views.ts'

/** Certificates that have ended or will soon: those that the servers showed, and those of our own settings. */
export function findCertificateAlarms(
  tls: ClusterTlsView | null,
  servers: readonly Pick<ServerStatusView, 'server' | 'certificate'>[],
  nowMs: number,
): ClusterAlarmView[] {
  const ofServers = servers.map(({ server, certificate }) => ({ server, certificate }))
  const ofSettings = (tls?.certificates ?? []).map((certificate) => ({ server: 'TLS settings', certificate }))
  return [...ofServers, ...ofSettings].flatMap(({ server, certificate }) =>
    certificate === null || !expiresSoon(Date.parse(certificate.validTo), nowMs)
      ? []
      : [{ server, kind: 'certificate', text: describe(certificate, nowMs) }],
  )
}

const WHOSE = {
  server: 'its certificate',
  client: 'our client certificate',
  authority: 'the certificate of the authority',
} as const

function describe({ of, subject, validTo }: CertificateView, nowMs: number): string {
  return `${WHOSE[of]} ${subject} ${describeExpiry(Date.parse(validTo), nowMs)} (${validTo.slice(0, 10)})`
}
