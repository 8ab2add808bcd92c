import { z } from 'zod'
import { type CertificateFacts, parseCertificates } from '../../base/certificates.ts'

export interface QuorumCertificate {
  readonly of: 'client' | 'authority' | 'server'
  /** host:port of whoever showed it; null for what is set here. */
  readonly server: string | null
  readonly subject: string
  readonly validToMs: number
}

const shownSchema = z.object({ server: z.string(), subject: z.string(), validTo: z.iso.datetime() })

/** For the column. */
export function toShown(server: string, { subject, validTo }: CertificateFacts): z.infer<typeof shownSchema> {
  return { server, subject, validTo: new Date(validTo).toISOString() }
}

/** Certificates of the quorum ports: those of its own that are set, and what the member showed that was heard last. */
export function listQuorumCertificates(row: {
  readonly tlsMode: string
  readonly tlsCa: string | null
  readonly tlsCert: string | null
  readonly peerCertificate: unknown
}): readonly QuorumCertificate[] {
  const { tlsMode, tlsCa, tlsCert } = row
  const read = (of: 'client' | 'authority', pem: string | null) =>
    (pem === null ? [] : (parseCertificates(pem) ?? [])).map(
      ({ subject, validTo }): QuorumCertificate => ({ of, server: null, subject, validToMs: validTo }),
    )
  // The chain behind our own is the authority's business.
  const own = tlsMode === 'own' ? [...read('client', tlsCert).slice(0, 1), ...read('authority', tlsCa)] : []
  const shown = tlsMode === 'off' ? undefined : shownSchema.safeParse(row.peerCertificate).data
  if (shown === undefined) return own
  const { server, subject, validTo } = shown
  return [...own, { of: 'server', server, subject, validToMs: Date.parse(validTo) }]
}
